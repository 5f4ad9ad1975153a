#include "protocol/errand.h"

#include <utility>

#include "base/text.h"
#include "protocol/account.h"
#include "protocol/url.h"

namespace acme::protocol {
namespace {

constexpr int kMostLosses = 5;

using End = Errand::End;

End done() {
  return {true, false, {}};
}

End refused(std::string words) {
  return {false, true, std::move(words)};
}

// Whether the CA's no is for good, or for now.
End failed(const Answer& answer, WallTime now) {
  Failure failure = failure_of(answer, now);
  End end{false, answer.status >= 400 && answer.status < 500, std::move(failure.words)};
  if (failure.kind == Failure::Kind::rate_limited || failure.kind == Failure::Kind::busy)
    end.refused = false;
  if (!failure.url.empty() && end.words.find(failure.url) == std::string::npos)
    end.words += "; open " + failure.url;
  return end;
}

std::string location_of(const Answer& answer) {
  const std::string* location = answer.header("location");
  return location ? resolve(answer.url, trim(*location)).value_or("") : "";
}

bool is_nobody_there(const Answer& answer) {
  const std::string type = read_problem(answer).type;
  return type == "accountDoesNotExist" || type == "unauthorized";
}

}  // namespace

Errand::Errand(ErrandKind kind, bool begun, std::string account_url, const Directory& directory)
    : kind_(kind), begun_(begun), account_url_(std::move(account_url)), directory_(directory) {}

Errand::Step Errand::request(Ask what, const std::string& url) {
  asked_ = what;
  return Request{what, url};
}

Errand::Step Errand::begin() {
  if (account_url_.empty() && kind_ != ErrandKind::revocation)
    return refused("there is no account");
  switch (kind_) {
    case ErrandKind::contact:
      return request(Ask::update, account_url_);
    case ErrandKind::deactivation:
      return request(Ask::deactivate, account_url_);
    case ErrandKind::rollover:
      if (directory_.key_change.empty())
        return refused("the CA's directory names no keyChange: its accounts keep their keys");
      return begun_ ? request(Ask::probe_key, directory_.new_account) : change_key();
    case ErrandKind::revocation:
      break;
  }
  if (directory_.revoke_cert.empty())
    return refused("the CA's directory names no revokeCert: it revokes by other ways only");
  return request(account_url_.empty() ? Ask::revoke_by_certificate : Ask::revoke,
                 directory_.revoke_cert);
}

Errand::Step Errand::change_key() {
  return request(Ask::change_key, directory_.key_change);
}

Errand::Step Errand::on_answer(const Answer& answer, WallTime now) {
  switch (asked_) {
    case Ask::update:
      break;
    case Ask::deactivate:
      // Who has done it before is not let in again.
      if (begun_ && is_nobody_there(answer)) return done();
      break;
    case Ask::change_key:
      return on_change(answer, now);
    case Ask::probe_key:
      return on_probe(answer, now);
    case Ask::revoke:
    case Ask::revoke_by_certificate:
      return on_revocation(answer, now);
  }
  if (answer.ok()) return done();
  return failed(answer, now);
}

Errand::Step Errand::on_change(const Answer& answer, WallTime now) {
  if (answer.ok()) return done();
  End end = failed(answer, now);
  if (answer.status == 409)
    end.words = "the new key is that of another account there: " + printable(location_of(answer)) +
                " (" + end.words + ")";
  return end;
}

Errand::Step Errand::on_probe(const Answer& answer, WallTime now) {
  if (answer.ok()) {
    const std::string found = location_of(answer);
    if (found == account_url_) return done();
    return refused("the new key is that of another account there: " + printable(found));
  }
  if (read_problem(answer).type == "accountDoesNotExist") return change_key();
  End end = failed(answer, now);
  end.refused = false;  // what has become of the change is still not known
  return end;
}

Errand::Step Errand::on_revocation(const Answer& answer, WallTime now) {
  if (answer.ok() || read_problem(answer).type == "alreadyRevoked") return done();
  const bool not_ours = asked_ == Ask::revoke && is_nobody_there(answer);
  if (not_ours) return request(Ask::revoke_by_certificate, directory_.revoke_cert);
  return failed(answer, now);
}

Errand::Step Errand::on_lost(const std::string& words) {
  if (++losses_ > kMostLosses) return End{false, false, words};
  if (asked_ == Ask::change_key || asked_ == Ask::probe_key)
    return request(Ask::probe_key, directory_.new_account);
  begun_ = true;
  const bool at_account = asked_ == Ask::update || asked_ == Ask::deactivate;
  return request(asked_, at_account ? account_url_ : directory_.revoke_cert);
}

}  // namespace acme::protocol
