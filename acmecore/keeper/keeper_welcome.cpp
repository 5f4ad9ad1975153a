// What the agent is told when it has been started: all that it may know.
#include "base/text.h"
#include "keeper/keeper.h"
#include "keeper/read_file.h"

namespace acme::keeper {

// With the proxies' passwords, which the agent cannot read. Without one the proxy refuses, and
// that is said, too.
Config Keeper::config_for_agent() {
  Config reduced = reduced_for_agent(config_);
  const auto fill = [this](const ProxyConfig& whole, ProxyConfig& ours) {
    if (whole.password_file.empty()) return;
    auto password = read_secret_file(whole.password_file);
    if (password)
      ours.password = Secret(trim(password->view()));
    else
      log_.error("the password of the proxy " + whole.url + ": " + password.error().message);
  };
  fill(config_.outbound.proxy, reduced.outbound.proxy);
  for (std::size_t i = 0; i < config_.issuers.size(); ++i)
    fill(config_.issuers[i].outbound.proxy, reduced.issuers[i].outbound.proxy);
  return reduced;
}

void Keeper::welcome() {
  ipc::Welcome welcome;
  Secret config = encode_config(config_for_agent());
  welcome.config = config.view();
  for (const IssuerConfig& issuer : config_.issuers) {
    const bool has_key = accounts_.settle(issuer.id);
    AccountRecord record = accounts_.record(issuer.id);
    ipc::IssuerState state{issuer.id,         {},      record.account_url,
                           record.not_before, has_key, accounts_.limits(issuer.id)};
    accounts_.set_stage(issuer.id, "");
    if (!issuer.ca_certificate_file.empty()) {
      auto pem = read_secret_file(issuer.ca_certificate_file);
      if (pem)
        state.ca_certificates = pem->view();
      else
        log_.error(issuer.id + ": " + pem.error().message);
    }
    welcome.issuers.push_back(std::move(state));
  }
  for (const auto& [lineage, managed] : certificates_.all())
    welcome.lineages.push_back(certificates_.state_of(managed));
  welcome.errands = errands_.open();
  welcome.dns_records = certificates_.dns().all();
  send(ipc::Type::welcome, 0, encode(welcome));
  notices_.tell_all();
}

}  // namespace acme::keeper
