// Requests to a CA or a DNS host's API, as the agent sees them: many in flight, answers by
// callback. Behind it is libcurl (http_curl.cpp), or a model of a CA in tests.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/secret.h"
#include "config/outbound.h"
#include "protocol/message.h"

namespace acme::agent {

// Whose certificates a CA's own TLS server must have.
struct Trust {
  std::string ca_certificates;  // PEM, trusted beside the system's; may be empty
  bool verify = true;
};

inline constexpr std::size_t kMostBodyBytes = 1024 * 1024;  // also of directories and orders

// A look at a server that may be anybody's: by http or https, at this very address whatever the
// host's name says, with little patience, its certificate unchecked, one connection for it alone;
// what its body has beyond so much is not read, and not missed.
struct Peek {
  std::string address;
  std::size_t most = 512;
};

struct Proxy {
  std::string url;    // "http://proxy.example:3128", for sentences, too
  std::string user;   // empty: it asks for none
  Secret password;    // in no sentence
  std::string where;  // what names it: a directive, or a variable of the environment
};

struct HttpRequest {
  enum class Method { get, head, post, put, patch, del } method = Method::get;
  std::string url;
  std::string body;               // not of a get or head
  const char* content_type = "";  // of the body
  bool follow_redirects = false;  // at most 3, https to https; only of a get or head
  std::shared_ptr<const Trust> trust;
  std::vector<std::string> addresses = {};       // of the URL's host; empty: the system finds them
  std::vector<Secret> headers = {};              // "Authorization: Bearer …"
  bool plain_http = false;                       // http:// is allowed, too: the operator wrote it
  std::size_t most_body_bytes = kMostBodyBytes;  // of the answer
  std::optional<Peek> peek = {};                 // of a get; nothing of a CA's is asked so
  std::string issuer = {};                       // whose CA it is; empty: no CA
  // By agent/outbound.h; else none, and any.
  std::shared_ptr<const Proxy> proxy = {};
  IpVersion ip_version = IpVersion::any;
};

// There is no answer, and this is why.
struct HttpError {
  std::string words;          // "connection to ca.example:443 refused"
  bool reached = false;       // a connection stood: the request may have arrived
  bool worth_a_retry = true;  // no: the answer broke a limit of ours, the URL is none, …
  bool no_route = false;      // this machine has no way to such addresses (IPv6)
};

using HttpResult = std::variant<protocol::Answer, HttpError>;
using HttpCallback = std::function<void(HttpResult)>;

class Http {
 public:
  virtual ~Http() = default;
  // `done` is called exactly once, and never before send() has returned;
  // never at all once the Http is destroyed.
  virtual void send(HttpRequest request, HttpCallback done) = 0;
};

}  // namespace acme::agent
