// Prompt collections in their three formats; what is accepted is then compiled for samples.

#include "data/prompts.h"
#include "fuzz.h"
#include "registry/prompt_mapping.h"

namespace vlmhb::fuzz {

void Test(std::string_view input) {
  const data::SampleFields fields({"image_path", "question", "answer", "doc_class"}, {});
  for (const char* file : {"p.json", "p.yaml"}) {
    std::vector<config::Problem> problems;
    const auto mapping = registry::ReadPromptMapping(input, file, "model-3b", problems);
    CHECK(mapping.has_value() == problems.empty(), "what is refused is refused for a reason");
    if (!mapping.has_value()) continue;
    CHECK(!mapping->texts.contains("models"), "what is for other models is left out");
    std::vector<data::PromptProblem> wrong;
    const auto resolver = data::PromptResolver::Create({.mapping = mapping->texts}, &fields, wrong);
    CHECK(resolver.ok(), "a mapping reads no file");
    for (const data::PromptProblem& problem : wrong)
      CHECK(!mapping->locate(problem.origin.place).field.empty(), "a problem has its place");
    if (wrong.empty())
      (void)resolver->Resolve({.doc_class = "passport", .cells = {"a", "b", "c", "passport"}});
  }
  const auto rows = data::ReadPromptRows(std::string(input), "p.csv");
  for (size_t i = 0; rows.ok() && i < rows->size(); ++i)
    CHECK(!(*rows)[i].prompt.empty() && (*rows)[i].line > 1, "a row has a prompt below the header");
}

}  // namespace vlmhb::fuzz
