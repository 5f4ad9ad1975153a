#include "ctl/commands.h"

#include "base/text.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

constexpr std::size_t kAny = 0xffff;
constexpr std::size_t kUsageWidth = 96;
constexpr std::size_t kHelpColumn = 6;

constexpr Command kCommands[] = {
#define ACME_COMMAND(name, function, least, most, synopsis, help) \
  {name, function, least, most, synopsis, help},
#define ACME_OPTION(command, name, value, help)
#include "ctl/commands.def"
#undef ACME_COMMAND
#undef ACME_OPTION
};

constexpr Option kOptions[] = {
#define ACME_COMMAND(name, function, least, most, synopsis, help)
#define ACME_OPTION(command, name, value, help) {command, name, value, help},
#include "ctl/commands.def"
#undef ACME_COMMAND
#undef ACME_OPTION
};

const Command* find_command(std::string_view name) {
  for (const Command& command : kCommands)
    if (command.name == name) return &command;
  return nullptr;
}

// "account" alone is none: a further word belongs to the name.
bool has_subcommands(const std::string& word) {
  for (const Command& command : kCommands)
    if (command.name.starts_with(word + " ")) return true;
  return false;
}

const Option* find_option(std::string_view command, std::string_view name) {
  for (const Option& option : kOptions)
    if (option.command == command && option.name == name) return &option;
  return nullptr;
}

void append_option(std::string& out, const Option& option) {
  std::string head = std::string(option.name);
  if (!option.value.empty()) head += " " + std::string(option.value);
  head.resize(std::max<std::size_t>(head.size(), 20), ' ');
  out += wrapped(std::string(kHelpColumn, ' ') + head + "  " + std::string(option.help),
                 kUsageWidth, kHelpColumn + 22);
}

void append_command(std::string& out, const Command& command) {
  out += "  " + std::string(command.name);
  if (!command.synopsis.empty()) out += " " + std::string(command.synopsis);
  out += "\n" + wrapped(std::string(kHelpColumn, ' ') + std::string(command.help), kUsageWidth,
                        kHelpColumn);
  for (const Option& option : kOptions)
    if (option.command == command.name) append_option(out, option);
}

std::string head(std::string_view command) {
  return "usage: acmectl [--server nginx|httpd] [--state PATH] [--runtime PATH] " +
         std::string(command) + "\n\n";
}

std::string tail() {
  std::string out = "\n";
  for (const Option& option : kOptions)
    if (option.command.empty()) append_option(out, option);
  return out + "Without them the paths of nginx and of httpd are tried in turn.\n";
}

// The command's words are all that stands in front of its names.
bool take_word(const std::string& word, std::string& command, Invocation& invocation) {
  if (invocation.command) {
    invocation.names.push_back(word);
    return true;
  }
  command += (command.empty() ? "" : " ") + word;
  invocation.command = find_command(command);
  return invocation.command || has_subcommands(command);
}

Error wrong(std::string what) {
  return fail(Errc::invalid_argument, printable(what));
}

}  // namespace

std::span<const Command> all_commands() {
  return kCommands;
}

std::span<const Option> all_options() {
  return kOptions;
}

bool Invocation::has(std::string_view option) const {
  for (const Given& given : options)
    if (given.name == option) return true;
  return false;
}

std::string Invocation::value(std::string_view option) const {
  std::string value;
  for (const Given& given : options)
    if (given.name == option) value = given.value;
  return value;
}

Outcome parse(const std::vector<std::string>& arguments, Invocation& invocation) {
  Places places;
  std::string command;
  bool only_names = false;  // behind "--"
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& argument = arguments[i];
    if (only_names || !argument.starts_with("-")) {
      if (!take_word(argument, command, invocation)) return wrong("there is no command " + command);
      continue;
    }
    if (argument == "--") {
      only_names = true;
      continue;
    }
    // An option may stand in front of its command: which are its own is known behind it.
    const std::size_t sign = argument.find('=');
    Invocation::Given given{argument.substr(0, sign), ""};
    bool takes = false;
    bool known = false;
    for (const Option& option : kOptions)
      if (option.name == given.name) known = true, takes = !option.value.empty();
    if (!known) return wrong("there is no option " + given.name);
    if (!takes && sign != std::string::npos) return wrong(given.name + " takes no value");
    if (takes && sign != std::string::npos) given.value = argument.substr(sign + 1);
    if (takes && sign == std::string::npos) {
      if (++i == arguments.size()) return wrong(given.name + " takes a value");
      given.value = arguments[i];
    }
    if (!places.take(given.name, given.value)) invocation.options.push_back(std::move(given));
  }
  invocation.places = places.all();
  if (!invocation.command)
    return wrong(command.empty() ? "a command is missing" : command + " needs another word");
  const std::string name(invocation.command->name);
  for (const Invocation::Given& given : invocation.options)
    if (!find_option(name, given.name)) return wrong(name + " has no option " + given.name);
  if (invocation.names.size() < invocation.command->least_names)
    return wrong(name + " needs more arguments");
  if (invocation.names.size() > invocation.command->most_names)
    return wrong(name + " takes fewer arguments");
  return {};
}

std::string usage() {
  std::string out = head("COMMAND");
  for (const Command& command : kCommands) append_command(out, command);
  return out + tail();
}

std::string usage(const Command& command) {
  std::string out = head(command.name);
  append_command(out, command);
  return out + tail();
}

}  // namespace acme::ctl
