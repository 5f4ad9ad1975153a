// What the providers are made of: one maker for each, and what they have in common.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "agent/dns/providers.h"
#include "agent/dns/providers/settings.h"

namespace acme::agent::dns {

using Made = Result<std::unique_ptr<Provider>>;
Made make_cloudflare(const ProviderServices& services, Settings settings);
Made make_rfc2136(const ProviderServices& services, Settings settings);
Made make_acme_dns(const ProviderServices& services, Settings settings);
Made make_httpreq(const ProviderServices& services, Settings settings);
Made make_exec(const ProviderServices& services, Settings settings);
Made make_lexicon(const ProviderServices& services, Settings settings);
Made make_acme_sh(const ProviderServices& services, Settings settings);

// A member of whoever hands out callbacks: those that come when it is gone do nothing.
class Lifetime {
 public:
  template <class F>
  auto guard(F callback) const {
    return [still_there = std::weak_ptr<int>(token_),
            callback = std::move(callback)](auto&&... values) mutable {
      if (still_there.lock()) callback(std::forward<decltype(values)>(values)...);
    };
  }

 private:
  std::shared_ptr<int> token_ = std::make_shared<int>(0);
};

// For what is known at once: `done` is never called before set() or remove() returns.
template <class Done, class Value>
void call_later(Timers& timers, const Lifetime& lifetime, Done done, Value value) {
  timers.after(0,
               lifetime.guard([done = std::move(done), value = std::move(value)] { done(value); }));
}

}  // namespace acme::agent::dns
