# Reads files and writes what R sees of them, cell by cell, so that Python can compare it with the truth.
#
#   Rscript dump.R READER OUT FILE…      READER: sav, dta, xpt (haven), spss (foreign), csv (base R)
#
# OUT/NAME.cells.csv has a column for each variable, OUT/NAME.words.csv says what the file says about it
# (variable, kind, key, text). Every text is the hexadecimal form of its UTF-8 bytes: nothing to be quoted.
arguments <- commandArgs(TRUE)
reader <- arguments[1]
out <- arguments[2]
paths <- arguments[-(1:2)]

hex <- function(texts) {
  texts <- enc2utf8(as.character(texts))
  distinct <- unique(texts)
  hexadecimal <- vapply(distinct, function(text) {
    paste(as.character(charToRaw(text)), collapse = "")
  }, character(1), USE.NAMES = FALSE)
  hexadecimal[match(texts, distinct)]
}
write_cells <- function(values) {
  tags <- if (is.double(values) && reader == "dta") haven::na_tag(values) else NA_character_
  plain <- if (inherits(values, "haven_labelled")) unclass(values) else values
  text <- if (inherits(plain, "Date")) {
    format(plain, "%Y-%m-%d")
  } else if (inherits(plain, "POSIXct")) {
    sprintf("%.3f", as.numeric(plain))
  } else if (is.numeric(plain)) {
    sprintf("%.17g", plain)
  } else {
    as.character(plain)
  }
  text[is.na(plain)] <- "NA"
  text[!is.na(tags)] <- paste0(".", tags[!is.na(tags)])
  hex(text)
}
words <- data.frame(variable = character(), kind = character(), key = character(), text = character())
say <- function(variable, kind, keys, texts) {
  if (length(texts) > 0) {
    words <<- rbind(words, data.frame(variable = variable, kind = kind, key = hex(keys), text = hex(texts)))
  }
}
say_labels <- function(name, values) {
  labels <- attr(values, "labels", exact = TRUE)
  keys <- if (reader == "dta" && any(is.na(labels))) {
    paste0(".", haven::na_tag(labels))
  } else if (is.numeric(labels)) {
    sprintf("%.17g", labels)
  } else {
    labels
  }
  say(name, "value", keys, names(labels))
  say(name, "label", "", attr(values, "label", exact = TRUE))
  for (kind in c("format.spss", "format.stata", "format.sas")) {
    say(name, kind, "", attr(values, kind, exact = TRUE))
  }
  range <- attr(values, "na_range", exact = TRUE)
  say(name, "missing", c("low", "high")[seq_along(range)], sprintf("%.17g", range))
}
read_foreign <- function(path) {
  # Labels of long codes are not for this old reader, and it warns of them.
  data <- suppressWarnings(foreign::read.spss(path, use.value.labels = FALSE, reencode = "UTF-8"))
  for (name in names(data)) {
    labels <- attr(data, "label.table")[[name]]
    attr(data[[name]], "labels") <- if (is.null(labels)) NULL else setNames(as.numeric(labels), names(labels))
    attr(data[[name]], "label") <- attr(data, "variable.labels")[[name]]
    attr(data[[name]], "na_range") <- attr(data, "missings")[[name]]$value
  }
  data
}
read_file <- function(path) {
  switch(reader,
    sav = haven::read_sav(path, user_na = TRUE),
    dta = haven::read_dta(path),
    xpt = haven::read_xpt(path),
    spss = read_foreign(path),
    csv = read.csv(path, colClasses = "character", encoding = "UTF-8", check.names = FALSE),
    stop("unknown reader: ", reader)
  )
}
nothing <- words
for (path in paths) {
  words <- nothing
  data <- read_file(path)
  for (name in names(data)) {
    say_labels(name, data[[name]])
  }
  say("", "file", "", attr(data, "label", exact = TRUE))
  cells <- as.data.frame(lapply(as.list(data), write_cells), optional = TRUE)
  names(cells) <- names(data)
  stem <- file.path(out, sub("[.][^.]*$", "", basename(path)))
  write.csv(cells, paste0(stem, ".cells.csv"), row.names = FALSE, quote = FALSE)
  write.csv(words, paste0(stem, ".words.csv"), row.names = FALSE, quote = FALSE)
}
