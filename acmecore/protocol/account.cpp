#include "protocol/account.h"

#include "base/json.h"
#include "base/text.h"
#include "protocol/url.h"

namespace acme::protocol {

bool is_no_account(const Answer& answer) {
  return !answer.ok() && read_problem(answer).type == "accountDoesNotExist";
}

std::variant<Account, Failure> read_account(const Answer& answer, WallTime now) {
  if (answer.status != 200 && answer.status != 201) return failure_of(answer, now);
  const std::string* location = answer.header("location");
  std::optional<std::string> url =
      location ? resolve(answer.url, trim(*location)) : std::optional<std::string>();
  if (!url || !origin(*url))
    return malformed("the CA's answer to newAccount has no usable Location");
  Account account;
  account.url = *url;
  account.existed = answer.status == 200;
  // A CA that says nothing about the status has just accepted the key.
  Result<Json> json = Json::parse(answer.body);
  account.status = json ? (*json)["status"].text_or("valid") : "valid";
  if (account.status == "valid") return account;
  Failure failure;
  failure.kind = Failure::Kind::account;
  failure.words = "the account " + *url + " is " + printable(account.status);
  return failure;
}

}  // namespace acme::protocol
