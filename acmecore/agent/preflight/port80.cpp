#include "agent/preflight/port80.h"

#include <memory>
#include <optional>
#include <utility>

#include "agent/preflight/web_place.h"
#include "base/ip_address.h"
#include "base/text.h"
#include "protocol/url.h"

namespace acme::agent {
namespace {

using ipc::Sight;
using ipc::Verdict;

constexpr int kMostRedirects = 10;
constexpr Millis kPatience = 20 * 1000;  // for all redirects together
constexpr std::string_view kPath = "/.well-known/acme-challenge/";

bool is_v6(const std::string& address) {
  return address.find(':') != std::string::npos;
}

bool is_redirect(int status) {
  return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

class Probe : public std::enable_shared_from_this<Probe> {
 public:
  Probe(const View& view, Port80Probe what, std::function<void(Sight)> done)
      : view_(view),
        what_(std::move(what)),
        done_(std::move(done)),
        began_(view.services.env.boottime()) {}

  void begin() {
    std::string host = is_v6(what_.name) ? "[" + what_.name + "]" : what_.name;
    if (what_.port != 80) host += ":" + std::to_string(what_.port);
    const std::string token = what_.answer.substr(0, what_.answer.find('.'));
    ask("http://" + host + std::string(kPath) + token, what_.address);
  }

 private:
  std::string port() const { return "port " + std::to_string(what_.port); }
  // "port 80 of example.com (192.0.2.7)"
  std::string subject() const {
    return port() + " of " + what_.name +
           (what_.address == what_.name ? "" : " (" + what_.address + ")");
  }
  std::string whose_address() const {
    return what_.address + (what_.address == what_.name ? "" : " of " + what_.name);
  }

  void end(Verdict verdict, std::string words) {
    done_({(is_v6(what_.address) ? "AAAA " : "A ") + what_.address, verdict, std::move(words)});
  }

  void ask(const std::string& url, const std::string& address) {
    HttpRequest request;
    request.url = url;
    request.peek = Peek{address};
    view_.services.http.send(std::move(request),
                             [self = shared_from_this(), url](HttpResult result) {
                               if (auto* error = std::get_if<HttpError>(&result))
                                 return self->failed(*error);
                               self->answered(std::get<protocol::Answer>(result), url);
                             });
  }

  void failed(const HttpError& error) {
    if (error.no_route)
      return end(Verdict::unknown, "cannot be reached from this machine, which has no way to " +
                                       std::string(is_v6(what_.address) ? "IPv6" : "it"));
    if (redirects_ > 0)
      return end(Verdict::bad, subject() + " redirects to " + where_ +
                                   ", and there is no answer from there: " + error.words);
    if (error.reached)
      return end(Verdict::bad,
                 subject() + " takes connections, but does not answer (" + error.words + ")");
    if (is_v6(what_.address))
      return end(Verdict::bad, whose_address() + " does not answer on " + port() +
                                   ": a stale AAAA record makes CAs fail (" + error.words + ")");
    end(Verdict::bad, whose_address() + " does not answer on " + port() + " (" + error.words + ")");
  }

  void answered(const protocol::Answer& answer, const std::string& url) {
    if (answer.status == 200 && trim(answer.body) == what_.answer)
      return end(Verdict::good, "answers on " + port() + ", from this server");
    const std::string* target = answer.header("Location");
    if (is_redirect(answer.status) && target) return follow(url, *target);
    std::string words = subject() + " answers, but not from this server";
    if (answer.status != 200) words += " (HTTP status " + std::to_string(answer.status) + ")";
    if (redirects_ > 0) words += " (it redirects to " + where_ + ")";
    end(Verdict::bad, words);
  }

  void follow(const std::string& base, const std::string& target) {
    std::optional<std::string> url = protocol::resolve(base, target);
    std::optional<WebPlace> place = url ? web_place(*url) : std::nullopt;
    if (!place) return end(Verdict::bad, subject() + " redirects to what is no http or https URL");
    if (++redirects_ > kMostRedirects || view_.services.env.boottime() - began_ > kPatience)
      return end(Verdict::bad, subject() + " redirects without end");
    where_ = printable(place->host);
    if (place->port != 80 && place->port != 443 && place->port != what_.port)
      return end(Verdict::bad, subject() + " redirects to port " + std::to_string(place->port) +
                                   ": CAs follow to 80 and 443 only");
    if (place->host == what_.name) return ask(*url, what_.address);
    if (!view_.is_ours(place->host))
      return end(Verdict::bad, subject() + " redirects to " + where_ +
                                   ", which is no name of a certificate here: a CA asks there");
    if (is_ip(place->host)) return ask(*url, place->host);
    find(*url, place->host, dns::RecordType::aaaa);
  }

  // CAs prefer IPv6.
  void find(const std::string& url, const std::string& host, dns::RecordType type) {
    view_.find(
        host, type, [self = shared_from_this(), url, host, type](Result<dns::Answer> answer) {
          if (answer)
            for (const dns::Record& record : answer->answers)
              if (record.type == type && is_ip(record.value)) return self->ask(url, record.value);
          if (type == dns::RecordType::aaaa) return self->find(url, host, dns::RecordType::a);
          self->end(Verdict::bad,
                    self->subject() + " redirects to " + self->where_ + ", which has no address");
        });
  }

  View view_;
  Port80Probe what_;
  std::function<void(Sight)> done_;
  Millis began_;
  int redirects_ = 0;
  std::string where_;  // the last one led
};

}  // namespace

void probe_port80(const View& view, Port80Probe probe, std::function<void(Sight)> done) {
  std::make_shared<Probe>(view, std::move(probe), std::move(done))->begin();
}

}  // namespace acme::agent
