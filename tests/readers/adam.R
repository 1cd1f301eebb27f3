# Reads ADQS and ADTTE as a statistician would and prints one line for each figure: what|group|n|value.
suppressPackageStartupMessages({
  library(haven)
  library(survival)
})
folder <- commandArgs(trailingOnly = TRUE)[1]
say <- function(what, group, n, value) cat(what, group, n, sprintf("%.15g", value), sep = "|", fill = TRUE)

adtte <- read_xpt(file.path(folder, "adtte.xpt"))
for (code in sort(unique(adtte$PARAMCD), method = "radix")) {
  rows <- adtte[adtte$PARAMCD == code, ]
  fit <- survfit(Surv(AVAL, CNSR == 0) ~ 1, data = rows)
  say("median", code, sum(rows$CNSR == 0), quantile(fit, 0.5)$quantile)
}

adqs <- read_xpt(file.path(folder, "adqs.xpt"))
chosen <- adqs[adqs$ANL01FL == "Y", ]
groups <- interaction(chosen$PARAMCD, chosen$AWINDOWN, sep = "@", drop = TRUE)
for (group in sort(levels(groups), method = "radix")) {
  values <- chosen$AVAL[groups == group]
  say("mean", group, length(values), mean(values))
}
say("gap", "CHG", nrow(adqs), max(abs(adqs$AVAL - adqs$BASE - adqs$CHG), na.rm = TRUE))
say("days", "ADY", sum(!is.na(adqs$ADY)), sum(as.numeric(adqs$ADT - adqs$RANDDT) - adqs$ADY, na.rm = TRUE))
