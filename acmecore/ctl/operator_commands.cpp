// Commands that ask the keeper one thing and print its answer.
#include <cstdio>

#include "base/text.h"
#include "ctl/check.h"
#include "ctl/commands.h"
#include "ctl/history.h"
#include "ctl/issuers.h"
#include "ctl/reach.h"
#include "ctl/table.h"

namespace acme::ctl {
namespace {

Result<Json> json_of(const Result<ipc::ControlAnswer>& answer) {
  return answer && answer->ok ? Json::parse(answer->text) : Result<Json>(Json());
}

}  // namespace

int log_command(const Invocation& invocation) {
  Question question{ipc::ControlType::log, {}, "log"};
  question.request.names = invocation.names;
  auto answer = reach(invocation.places, question);
  auto log = json_of(answer);
  if (!log || !log->present()) return print_answer(answer);
  const std::string out =
      invocation.has("--json") ? log->pretty() + "\n" : history_pages(*log, terminal_width());
  std::fputs(out.c_str(), stdout);
  return 0;
}

int check_command(const Invocation& invocation) {
  Question question{ipc::ControlType::check};
  question.request.names = invocation.names;
  auto answer = reach(invocation.places, question);
  auto check = json_of(answer);
  if (!check || !check->present()) return print_answer(answer);
  const std::string out =
      invocation.has("--json") ? check->pretty() + "\n" : check_table(*check, terminal_width());
  std::fputs(out.c_str(), stdout);
  return check_status(*check);
}

int revoke_command(const Invocation& invocation) {
  Question question{ipc::ControlType::revoke};
  question.request.names = invocation.names;
  question.request.reason = invocation.value("--reason");
  question.request.no_order = invocation.has("--no-order");
  return print_answer(reach(invocation.places, question));
}

int dns_persist_command(const Invocation& invocation) {
  Question question{ipc::ControlType::dns_persist, {}, "dns-persist"};
  question.request.names = invocation.names;
  return print_answer(reach(invocation.places, question));
}

int issuers_command(const Invocation& invocation) {
  auto answer = reach(invocation.places, {ipc::ControlType::issuers, {}, "issuers"});
  auto all = json_of(answer);
  if (!all || !all->present()) return print_answer(answer);
  const auto& names = invocation.names;
  Json chosen = Json::array();
  for (const Json& issuer : (*all)["issuers"].items())
    if (names.empty() || issuer["id"].text_or("") == names.front()) chosen.append(issuer);
  if (!names.empty() && chosen.items().empty())
    return complain("no issuer is called " + names.front());
  all->set("issuers", chosen);
  const bool is_table = invocation.command->name == "issuers";
  const std::string out = invocation.has("--json") ? all->pretty() + "\n"
                          : is_table               ? issuer_table(chosen, terminal_width())
                                                   : account_pages(chosen);
  std::fputs(out.c_str(), stdout);
  return 0;
}

int account_command(const Invocation& invocation) {
  const std::string_view name = invocation.command->name;
  Question question{name == "account rollover" ? ipc::ControlType::account_rollover
                    : name == "account agree"  ? ipc::ControlType::account_agree
                                               : ipc::ControlType::account_deactivate};
  if (question.type == ipc::ControlType::account_deactivate && !invocation.has("--yes"))
    return complain(
        "a deactivated account is of no use any more, for ever, and its open orders end: "
        "say --yes if that is what you want");
  question.request.names = invocation.names;
  return print_answer(reach(invocation.places, question));
}

}  // namespace acme::ctl
