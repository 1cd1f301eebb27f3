// Reads a question aloud as it stands there, with a voice that this device has itself: what is read goes nowhere.
// It never begins by itself.
const speech = window.speechSynthesis;
let playing = null; // the button whose question is being read
let lines = []; // held here: some browsers forget what they are about to read

const findVoice = (language) => {
  const speaks = ({ lang, localService }) => localService && lang.split(/[-_]/)[0].toLowerCase() === language;
  const own = speech.getVoices().filter(speaks);
  return own.find((voice) => voice.default) || own[0];
};

// Lists what the wording says on this screen, in its order: recall line, question, each option.
const listLines = () => {
  const parts = document.querySelectorAll(".item .recall-line, .item .question span:last-child, .item label");
  return [...parts].map(({ textContent }) => textContent.replace(/\s+/g, " ").trim());
};

const turn = (button) => {
  const words = button.querySelector("span");
  [words.textContent, button.dataset.stop] = [button.dataset.stop, words.textContent];
};

const stop = () => {
  if (!playing) return;
  turn(playing);
  playing = null;
  lines = [];
  speech.cancel();
};

// Notes that this question was heard, for the answer that follows and for the form.
const note = () => {
  document.getElementById("answer-form").elements.namedItem("listened").value = "1";
  document.dispatchEvent(new Event("listened"));
};

const start = (button, voice) => {
  speech.cancel(); // whatever another page began
  const mine = listLines().map((text) => Object.assign(new SpeechSynthesisUtterance(text), { voice, lang: voice.lang }));
  const over = () => lines === mine && stop();
  mine[0].onstart = note;
  for (const line of mine) line.onerror = over;
  mine[mine.length - 1].onend = over;
  playing = button;
  lines = mine;
  turn(button);
  for (const line of mine) speech.speak(line);
};

// Shows each button where there is a voice for it, and stops when its question has left the screen.
const refresh = () => {
  for (const place of document.querySelectorAll("[data-listen]")) place.hidden = !findVoice(place.dataset.listen);
  if (playing && !playing.isConnected) stop();
};

if (speech) {
  document.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-listen] button");
    if (!button) return;
    if (playing) return stop();
    const voice = findVoice(button.parentNode.dataset.listen);
    if (voice) start(button, voice);
  });
  speech.onvoiceschanged = refresh; // some browsers learn their voices late
  new MutationObserver(refresh).observe(document.body, { childList: true });
  addEventListener("pagehide", stop);
  refresh();
}
