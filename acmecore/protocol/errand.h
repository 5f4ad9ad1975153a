// One errand at a CA as a machine without I/O: other contacts for an account, another key, its
// end, or the revocation of a certificate (RFC 8555 sections 7.3.2, 7.3.5, 7.3.6, 7.6). An answer
// goes in, the next request or the end comes out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/errand_kind.h"
#include "protocol/directory.h"
#include "protocol/failure.h"
#include "protocol/message.h"

namespace acme::protocol {

class Errand {
 public:
  enum class Ask : std::uint8_t {
    update,
    deactivate,
    change_key,
    probe_key,  // does the CA know the next key already?
    revoke,
    revoke_by_certificate,
  };
  struct Request {
    Ask what = Ask::update;
    std::string url;
  };
  struct End {
    bool done = false;
    bool refused = false;  // for good
    std::string words;
  };
  using Step = std::variant<Request, End>;

  // `begun`: the CA may have done it already. `account_url` may be empty for a revocation.
  Errand(ErrandKind kind, bool begun, std::string account_url, const Directory& directory);

  Step begin();
  Step on_answer(const Answer& answer, WallTime now);
  // The answer was lost on the way; the request may have arrived.
  Step on_lost(const std::string& words);

 private:
  Step request(Ask what, const std::string& url);
  Step change_key();
  Step on_change(const Answer& answer, WallTime now);
  Step on_probe(const Answer& answer, WallTime now);
  Step on_revocation(const Answer& answer, WallTime now);

  ErrandKind kind_;
  bool begun_;
  std::string account_url_;
  Directory directory_;
  Ask asked_ = Ask::update;
  int losses_ = 0;
};

}  // namespace acme::protocol
