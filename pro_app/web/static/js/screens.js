// Makes the screens of a questionnaire out of its whole document, with the answers put in.
export const find = (whole, place) => whole && whole.querySelector(`template[data-screen="${place}"]`);

const list = (whole) => [...whole.querySelectorAll("template[data-item]")];

// Finds the place of an item.
const placeOf = (whole, item) => whole.querySelector(`template[data-item="${item}"]`)?.dataset.screen;

// Gives the address of an item.
export const address = (whole, root, item) => (whole && item ? `${root}/${placeOf(whole, item)}` : root);

// Finds where to go on: the first item that nothing was said about, or the instruction before it.
export const findOpen = (whole, answers) => {
  const open = list(whole).find(({ dataset }) => !answers.has(dataset.item));
  if (!open) return "review";
  const before = Number(open.dataset.screen) - 1;
  const instruction = find(whole, before);
  return instruction && !instruction.dataset.item ? before : Number(open.dataset.screen);
};

let plural = null; // slow to make

const words = (whole) => whole.getElementById("words").dataset;

// Says how many, in the language of the page; French counts 0 and 1 alike.
export const count = (whole, name, n) => {
  if (!whole) return "";
  plural ||= new Intl.PluralRules(document.documentElement.lang);
  const one = plural.select(n) === "one";
  return words(whole)[one ? `${name}One` : `${name}Many`].replace("{n}", n);
};

const NOT_SAID = { declined: "declined", left_blank: "leftBlank", "?": "held" };

// Marks what stands for an item on its form.
export const markAnswer = (form, said, whole) => {
  for (const radio of form.querySelectorAll("[name=answer]")) radio.checked = radio.value === said;
  form.parentNode.querySelector("[data-said]")?.remove();
  if (!NOT_SAID[said]) return;
  const line = document.createElement("p");
  line.className = "soft";
  line.dataset.said = said;
  line.textContent = words(whole)[NOT_SAID[said]];
  form.after(line);
};

const nameAnswer = (whole, item, said) => {
  if (said === "?") return words(whole).received;
  const { content } = find(whole, placeOf(whole, item));
  const label = content.querySelector(`label[for="answer-${said}"]`);
  if (!label) return "";
  const end = label.querySelector(".visually-hidden"); // the word at the end of a scale
  return label.closest(".scale-cell") ? said + (end ? ` (${end.textContent.trim()})` : "") : label.textContent;
};

const fillReview = (page, whole, answers, root) => {
  const silent = list(whole).filter(({ dataset }) => !answers.has(dataset.item));
  for (const line of page.querySelectorAll("[data-review]")) {
    const said = answers.get(line.dataset.review);
    const answer = line.querySelector(".review-answer");
    const empty = { declined: words(whole).reviewDeclined, left_blank: words(whole).reviewLeftBlank }[said];
    if (!said) continue;
    answer.textContent = empty || nameAnswer(whole, line.dataset.review, said);
    answer.classList.toggle("is-empty", Boolean(empty));
  }
  const notice = page.querySelector("[data-silent]");
  if (!silent.length) return notice.remove();
  notice.querySelector(".notice-title").textContent = count(whole, "silent", silent.length);
  const link = notice.querySelector("a");
  link.href = `${root}/${silent[0].dataset.screen}`;
  link.textContent = link.textContent.replace("{n}", silent[0].dataset.item.split(":")[1]);
};

// Leads back from an instruction to the question that asked for it.
const leadBack = (page, back, whole, root) => {
  const bar = page.querySelector(".action-bar");
  const [next, previous] = bar.querySelectorAll("a");
  next.href = `${root}/${back}`;
  next.textContent = words(whole).back;
  previous?.remove();
  bar.classList.add("action-bar-alone");
};

// Makes one screen; null for a place that the questionnaire does not have.
export const render = (whole, place, { params, answers, root }) => {
  const template = find(whole, place);
  if (!template) return null;
  const page = document.importNode(template.content, true);
  const item = page.getElementById("answer-form");
  for (const help of page.querySelectorAll(".top-bar-aside")) help.search = `?back=${place}`;
  if (item && params.get("back") === "review") item.elements.namedItem("back").value = "review";
  if (!item && find(whole, params.get("back"))) leadBack(page, params.get("back"), whole, root);
  if (place === "review") fillReview(page, whole, answers, root);
  return page;
};

// Puts a screen in the place of the one before, has it filled in, and leads eyes and screen readers to its
// beginning: last of all, since that makes the browser lay the page out.
export const put = (page, { focus, fill }) => {
  const title = page.querySelector("title");
  document.title = title.textContent.trim();
  title.remove();
  const marker = document.getElementById("screen");
  while (marker.nextSibling) marker.nextSibling.remove();
  marker.after(page);
  fill();
  scrollTo(0, 0);
  if (!focus) return;
  const heading = document.querySelector("main h1, main .instruction");
  heading.tabIndex = -1;
  heading.style.outline = "none";
  heading.focus({ preventScroll: true });
};

// Asks once about an item without an answer.
export const ask = (whole) => {
  const panel = document.importNode(find(whole, "asking").content, true);
  document.getElementById("answer-form").after(panel);
  document.querySelector("#asking section").focus();
};

// Says that nobody was chosen who answered.
export const refuse = (form, whole) => {
  if (form.querySelector("#respondent-missing")) return;
  form.querySelector(".options").before(document.importNode(find(whole, "respondent-missing").content, true));
  form.querySelector("#respondent-missing").focus();
};
