// The keeper's part in domain files that change: who is told of what is new, and when.
#include "keeper/keeper.h"

#include <algorithm>

#include "base/archive.h"
#include "crypto/digest.h"

namespace acme::keeper {
namespace {

// For the answer to a newOrder that is under way: without it the order would be made again.
constexpr Millis kPatience = 10'000;

std::string digest_of(const Config& config) {
  return config.source.files.empty() ? std::string() : hex(sha256(config.source.steps.view()));
}

}  // namespace

// What a keeper before us has added is under way: its orders are in the journal.
void Keeper::resume_additions() {
  if (!additions_.may_resume()) return;
  auto bytes = store_.load_config();
  auto saved = bytes ? decode_config(*bytes) : std::move(bytes).error();
  if (!saved || saved->source.digest != digest_of(config_)) return;
  additions_.resume(std::move(saved->certificates), std::move(saved->layout.sites));
  certificates_.follow_configuration();
}

void Keeper::take_domain_files() {
  if (!news_) {
    auto reading = domain_files_.look();
    if (!reading) return;
    Change change = additions_.compare(*reading);
    news_ = News{*std::move(reading), std::move(change), env_.boottime()};
  }
  // What changes under the agent's hands needs another agent.
  const bool waits = !news_->change.disturbs_nothing() && agent_.channel() &&
                     certificates_.awaits_new_order() && env_.boottime() - news_->since < kPatience;
  if (!waits) take(*std::exchange(news_, std::nullopt));
}

void Keeper::take(News news) {
  const bool disturbs = !news.change.disturbs_nothing();
  const bool nothing = news.change.empty();
  const std::vector<std::string> added = news.change.added;
  if (disturbs) agent_.stop();  // the next one is told what there is
  additions_.apply(news.reading, std::move(news.change));
  certificates_.follow_configuration();
  if (nothing) return;
  if (!disturbs && agent_.channel()) welcome_added(added);
  save_config();
  status_stale_ = true;
}

void Keeper::welcome_added(const std::vector<std::string>& ids) {
  Config more = reduced_for_agent(config_);
  std::erase_if(more.certificates, [&](const CertificateConfig& certificate) {
    return std::find(ids.begin(), ids.end(), certificate.id) == ids.end();
  });
  number_slots(more);
  ipc::Welcome welcome;
  Secret config = encode_config(more);
  welcome.config = config.view();
  for (const CertificateConfig& certificate : more.certificates)
    for (KeyType key : certificate.keys)
      if (const Managed* managed = certificates_.find({certificate.id, key}))
        welcome.lineages.push_back(certificates_.state_of(*managed));
  send(ipc::Type::welcome, 0, encode(welcome));
}

// For acmectl when no server runs, and for the next keeper of this configuration.
void Keeper::save_config() {
  Config open = without_secrets(config_);
  open.source.digest = digest_of(config_);
  auto encoded = encode_config(open);
  if (auto saved = store_.save_config(encoded.view()); !saved) log_.error(saved.error().message);
}

}  // namespace acme::keeper
