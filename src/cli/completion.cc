// vlmhb completion bash|zsh|fish: made from the parser itself, so that it cannot fall behind.

#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"

namespace vlmhb::cli {
namespace {

std::vector<const CLI::App*> Verbs(const CLI::App& app) {
  std::vector<const CLI::App*> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_group().empty()) verbs.push_back(verb);
  return verbs;
}

std::string Words(const CLI::App& app) {
  std::string words;
  for (const CLI::App* verb : Verbs(app)) words += verb->get_name() + " ";
  for (const CLI::Option* option : app.get_options())
    for (const std::string& name : option->get_lnames()) words += "--" + name + " ";
  return words;
}

std::string Bash(const CLI::App& app) {
  std::string cases;
  for (const CLI::App* verb : Verbs(app))
    cases += fmt::format("    {}) words=\"{}{}\" ;;\n", verb->get_name(), Words(*verb),
                         "--json --quiet --verbose --workspace");
  return fmt::format(R"bash(# bash completion of vlmhb; use: eval "$(vlmhb completion bash)"
_vlmhb() {{
  local cur=${{COMP_WORDS[COMP_CWORD]}} verb= word words
  for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
    case $word in -*) ;; *) verb=$word; break ;; esac
  done
  case $verb in
{}    *) words="{}" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  case $cur in -*) ;; *) [ -z "$verb" ] || COMPREPLY+=($(compgen -f -- "$cur")) ;; esac
}}
complete -o filenames -F _vlmhb vlmhb
)bash",
                     cases, Words(app));
}

std::string Zsh(const CLI::App& app) {
  return "#compdef vlmhb\nautoload -U +X bashcompinit && bashcompinit\n" + Bash(app);
}

std::string FishEscaped(std::string text) {
  for (size_t at = 0; (at = text.find('\'', at)) != std::string::npos; at += 2)
    text.insert(at, "\\");
  return text;
}

std::string Fish(const CLI::App& app) {
  std::string script = "# fish completion of vlmhb; use: vlmhb completion fish | source\n";
  const auto options = [&](const CLI::App& of, const std::string& condition) {
    for (const CLI::Option* option : of.get_options())
      for (const std::string& name : option->get_lnames())
        script += fmt::format("complete -c vlmhb{} -l {} -d '{}'\n", condition, name,
                              FishEscaped(option->get_description()));
  };
  for (const CLI::App* verb : Verbs(app)) {
    script += fmt::format("complete -c vlmhb -n __fish_use_subcommand -a {} -d '{}'\n",
                          verb->get_name(), FishEscaped(verb->get_description()));
    options(*verb, fmt::format(" -n '__fish_seen_subcommand_from {}'", verb->get_name()));
  }
  options(app, "");
  return script;
}

}  // namespace

void AddCompletion(CLI::App& app, Session& session) {
  CLI::App* verb = app.add_subcommand("completion", "Print a completion script for a shell");
  auto* shell = verb->add_option("shell", "bash, zsh or fish")
                    ->required()
                    ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  verb->callback([&app, &session, shell] {
    const std::string name = shell->as<std::string>();
    session.action = [&app, name] {
      const std::string script = name == "bash" ? Bash(app) : name == "zsh" ? Zsh(app) : Fish(app);
      std::fputs(script.c_str(), stdout);
      return 0;
    };
  });
}

}  // namespace vlmhb::cli
