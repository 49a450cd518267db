#include "data/template.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/check.h"
#include "base/text.h"

namespace vlmhb::data {
namespace {

constexpr size_t kMaxTagShown = 80;
constexpr std::string_view kLiteralAdvice = "to write it as text: {{ '{{' }}";

// What a message says of a place: nothing in a text of one line.
std::string OnLine(size_t line) { return line > 1 ? fmt::format("line {}: ", line) : ""; }

Error Wrong(size_t line, std::string_view why) {
  return Error(ErrorCode::kInvalidConfig, fmt::format("{}{}", OnLine(line), why));
}

std::string Shown(std::string_view tag) {
  return Truncate(tag.substr(0, tag.find('\n')), kMaxTagShown);
}

}  // namespace

// One pass over the text; `rest_` is what has not been taken yet.
class TemplateParser {
 public:
  explicit TemplateParser(std::string_view text) : rest_(text) {}

  Result<Template> Parse() {
    while (true) {
      const size_t open = FindOpening();
      result_.AddText(Take(open), line_);
      if (rest_.empty()) return std::move(result_);
      if (rest_[1] != '{')
        return Wrong(line_,
                     fmt::format("'{}' begins a statement or a comment of Jinja; only {{{{ name "
                                 "}}}} is replaced here; to write it as text: {{{{ '{}' }}}}",
                                 rest_.substr(0, 2), rest_.substr(0, 2)));
      VLMHB_TRY(TakeTag());
    }
  }

 private:
  // Of {{, {% or {#; the end if there is none.
  size_t FindOpening() const {
    for (size_t at = rest_.find('{'); at != rest_.npos && at + 1 < rest_.size();
         at = rest_.find('{', at + 1))
      if (rest_[at + 1] == '{' || rest_[at + 1] == '%' || rest_[at + 1] == '#') return at;
    return rest_.size();
  }

  std::string_view Take(size_t bytes) {
    const std::string_view taken = rest_.substr(0, bytes);
    rest_.remove_prefix(taken.size());
    line_ += static_cast<size_t>(std::count(taken.begin(), taken.end(), '\n'));
    return taken;
  }

  Result<void> TakeTag() {
    const std::string_view tag = rest_;
    Take(2);
    while (!rest_.empty() && rest_.front() == ' ') Take(1);
    if (!rest_.empty() && (rest_.front() == '\'' || rest_.front() == '"')) return TakeLiteral(tag);
    const size_t close = rest_.find("}}");
    const std::string_view inside = rest_.substr(0, close);
    if (close == rest_.npos || inside.find('\n') != inside.npos)
      return Wrong(line_, fmt::format("'{}' is not closed by '}}}}' on its line; {}", Shown(tag),
                                      kLiteralAdvice));
    const std::string_view name = Trim(inside);
    if (name.empty())
      return Wrong(line_,
                   fmt::format("there is no name between '{{{{' and '}}}}'; {}", kLiteralAdvice));
    result_.pieces_.push_back({.text = std::string(name), .is_name = true, .line = line_});
    Take(close + 2);
    return {};
  }

  Result<void> TakeLiteral(std::string_view tag) {
    const size_t line = line_;
    const char quote = Take(1).front();
    const size_t end = rest_.find(quote);
    const std::string_view text = Take(end);
    if (end != rest_.npos && !rest_.empty()) Take(1);
    while (!rest_.empty() && rest_.front() == ' ') Take(1);
    if (!rest_.starts_with("}}"))
      return Wrong(line, fmt::format("'{}': a text between quotes is followed by '}}}}'; {}",
                                     Shown(tag), kLiteralAdvice));
    Take(2);
    result_.AddText(text, line);
    return {};
  }

  std::string_view rest_;
  size_t line_ = 1;
  Template result_;
};

Result<Template> Template::Parse(std::string_view text) { return TemplateParser(text).Parse(); }

void Template::AddText(std::string_view text, size_t line) {
  if (text.empty()) return;
  if (pieces_.empty() || pieces_.back().is_name)
    pieces_.push_back({.text = std::string(text), .line = line});
  else
    pieces_.back().text += text;
}

std::vector<std::string> Template::names() const {
  std::vector<std::string> names;
  for (const Piece& piece : pieces_)
    if (piece.is_name) names.push_back(piece.text);
  return names;
}

Result<void> Template::Bind(const PlaceOf& place_of) {
  for (Piece& piece : pieces_) {
    if (!piece.is_name) continue;
    const Result<size_t> place = place_of(piece.text);
    if (!place.ok())
      return Error(place.error().code(), fmt::format("{}{{{{ {} }}}}: {}", OnLine(piece.line),
                                                     Shown(piece.text), place.error().message()));
    piece.place = *place;
  }
  return {};
}

Result<std::string> Template::Render(const std::vector<std::string>& cells) const {
  std::string text;
  for (const Piece& piece : pieces_) {
    CHECK(!piece.is_name || piece.place < cells.size(), "a bound name has a cell");
    const std::string& part = piece.is_name ? cells[piece.place] : piece.text;
    if (text.size() + part.size() > kMaxBytes)
      return Error(ErrorCode::kNoSpace,
                   fmt::format("the prompt has more than {} bytes with the sample's fields in it",
                               kMaxBytes));
    text += part;
  }
  return text;
}

}  // namespace vlmhb::data
