#include "report/html.h"

#include <fmt/format.h>

#include "report/html_parts.h"
#include "report/svg_chart.h"
#include "report/verdict.h"

namespace vlmhb::report {
namespace {

struct Chapter {
  const char* id;
  const char* title;
  std::string (*render)(const Report&);
};

constexpr Chapter kChapters[] = {
    {"quality", "Quality", html::Quality},
    {"groups", "Quality by group", html::Groups},
    {"tasks", "By task", html::Tasks},
    {"speed", "Speed", html::Speed},
    {"memory", "Memory", html::Memory},
    {"failures", "Failures", html::Failures},
    {"worst", "Worst samples", html::WorstSamples},
    {"environment", "Environment", html::Environment},
};

std::string Head(const Report& report) {
  // 'unsafe-inline' is for styles only: the page has no script and loads nothing.
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; "
      "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'\">"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">"
      "<meta name=\"color-scheme\" content=\"light dark\"><meta name=\"referrer\" "
      "content=\"no-referrer\"><title>{}</title><style>{}</style></head>\n<body>",
      html::Name(report.title), html::kStyle);
}

// Works without a script: the style sheet looks at which of the three is checked.
std::string ThemeSwitch() {
  return "<fieldset class=\"theme\"><legend>Theme</legend>"
         "<label><input type=\"radio\" name=\"theme\" id=\"theme-auto\" checked><span>Auto</span>"
         "</label><label><input type=\"radio\" name=\"theme\" id=\"theme-light\"><span>Light</span>"
         "</label><label><input type=\"radio\" name=\"theme\" id=\"theme-dark\"><span>Dark</span>"
         "</label></fieldset>";
}

}  // namespace

std::string RenderHtml(const Report& report) {
  std::string links;
  std::string chapters;
  for (const Chapter& chapter : kChapters) {
    const std::string body = chapter.render(report);
    if (body.empty()) continue;
    links += fmt::format("<a href=\"#{}\">{}</a>", chapter.id, chapter.title);
    chapters += fmt::format("<section id=\"{}\"><h2>{}</h2>{}</section>\n", chapter.id,
                            chapter.title, body);
  }
  return Head(report) + ChartDefinitions() +
         fmt::format(
             "<header class=\"top\"><div><p class=\"brand\">VLMHyperBench report</p>"
             "<h1>{}</h1><p class=\"made\">{}</p></div>{}</header>\n"
             "<nav aria-label=\"Sections\">{}</nav>\n<main>{}{}</main>\n"
             "<footer><p>{}</p><p>Made by vlmhb {}. The same data for programs: "
             "report.json.</p></footer>\n</body></html>\n",
             html::Name(report.title), html::Name(report.generated_at), ThemeSwitch(), links,
             html::Summary(report), chapters, MethodText(report), VLMHB_VERSION);
}

}  // namespace vlmhb::report
