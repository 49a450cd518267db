#pragma once
// Text from outside, made safe to show. Model names, answers and document classes are hostile: they
// may hold markup, control characters, bidirectional overrides and broken UTF-8. Pure functions;
// the result is always valid UTF-8.

#include <string>
#include <string_view>

namespace vlmhb::report {

// Makes visible what would act invisibly: control characters become their pictures (NUL -> ␀),
// bidirectional controls, line separators and zero-width characters their code ("‹U+202E›");
// ill-formed bytes become U+FFFD. '\n' stays, '\t' stays, "\r\n" becomes '\n'.
std::string VisibleText(std::string_view text);

// VisibleText for HTML text and double- or single-quoted attribute values.
std::string EscapeHtml(std::string_view text);

// VisibleText on one line for a cell of a GitHub-flavoured Markdown table: no character of it acts
// as markup, HTML or an automatic link; line breaks become " ⏎ ".
std::string EscapeMarkdown(std::string_view text);

// The first `characters` code points at most, "…" after a cut. Ill-formed bytes count as one each.
std::string Shorten(std::string_view text, size_t characters);

}  // namespace vlmhb::report
