#pragma once
// Texts with fields of a sample in them: "Read the {{ field }} of this {{ doc_class }}." Immutable
// once bound, so thread-safe.
//
// Only names are replaced: no loops, conditions, filters or expressions. A prompt is data of an
// experiment that is read by people and compared across models; what needs a program to write it is
// better written into a column of the annotation, where it can be seen. It also makes a template's
// names known before anything starts, and its cost that of a copy.
//
// Own code, since the template libraries that Debian has for C++ do the opposite of what is needed:
// Mustache (kainjow) escapes for HTML and takes an unknown name for an empty text, and none tells
// the names of a template before there are values.
//
//   {{ name }}   the cell of that field; spaces around the name do not count
//   {{ '{{' }}   the text between the quotes (' or ") as it is
//   {% or {#     an error, since in Jinja they would do something
// Everything else, single braces and }} included, is text. What is filled in is never scanned.

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vlmhb::data {

class Template {
 public:
  // A filled-in text longer than this is an error.
  static constexpr size_t kMaxBytes = 16u << 20;

  // kInvalidConfig with the line, for a tag that is not closed, empty, or of another language.
  static Result<Template> Parse(std::string_view text);

  // The names in it, in their order, repetitions included.
  std::vector<std::string> names() const;

  // Looks every name up once; `place_of` gives its position in the cells that Render will get. The
  // first error of `place_of` comes back with the line and the name's tag before it.
  using PlaceOf = std::function<Result<size_t>(std::string_view name)>;
  Result<void> Bind(const PlaceOf& place_of);

  // REQUIRES: bound, unless it has no names; every place is one of `cells`. kNoSpace beyond
  // kMaxBytes.
  Result<std::string> Render(const std::vector<std::string>& cells) const;

 private:
  struct Piece {
    std::string text;  // as it is, or the name
    bool is_name = false;
    size_t line = 1;   // 1-based, in the template
    size_t place = 0;  // of a name's cell, once bound
  };

  friend class TemplateParser;

  void AddText(std::string_view text, size_t line);

  std::vector<Piece> pieces_;
};

}  // namespace vlmhb::data
