#include "keeper/accounts.h"

#include <algorithm>

#include "base/json.h"
#include "base/text.h"
#include "base/url.h"
#include "crypto/jose.h"
#include "keeper/external_account.h"

namespace acme::keeper {
namespace {

constexpr std::size_t kLongestNonce = 512;
constexpr std::size_t kMostDirectoryUrls = 64;
constexpr Millis kLostAgain = 60'000;
constexpr const char* kOnlyExisting = R"({"onlyReturnExisting":true})";

bool is_base64url(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
  });
}

// Without query and fragment: some servers look at the path alone.
std::string_view path_of(std::string_view url) {
  std::size_t begin = url.find('/', std::string_view("https://").size());
  if (begin == std::string_view::npos) return "/";
  std::string_view path = url.substr(begin);
  return path.substr(0, path.find_first_of("?#"));
}

// Whether servers understand it in one way only: nothing escaped, no empty,
// "." or ".." step.
bool is_plain_path(std::string_view path) {
  if (path.find_first_of("%;") != std::string_view::npos) return false;
  std::vector<std::string> steps = split(path.substr(1), '/');
  return std::none_of(steps.begin(), steps.end(), [](const std::string& step) {
    return step.empty() || step == "." || step == "..";
  });
}

Result<std::string> registration_payload(const IssuerConfig& issuer, std::string_view url,
                                         const PrivateKey& key) {
  Json payload = Json::object();
  payload.set("termsOfServiceAgreed", Json::boolean(true));
  if (!issuer.contacts.empty()) {
    Json contacts = Json::array();
    for (const std::string& contact : issuer.contacts) contacts.append(contact);
    payload.set("contact", std::move(contacts));
  }
  if (issuer.external_account.configured()) {
    ACME_TRY(Json binding, bind_external_account(issuer, url, key));
    payload.set("externalAccountBinding", std::move(binding));
  }
  return payload.compact();
}

}  // namespace

Result<Accounts::Account*> Accounts::find(std::string_view issuer) {
  if (auto it = accounts_.find(issuer); it != accounts_.end()) return &it->second;
  const IssuerConfig* configured = config_.issuer(issuer);
  if (!configured) return fail(Errc::refused, "issuer " + printable(issuer) + " is not configured");
  Account account;
  auto record = store_.load_account(issuer);
  // A damaged record was set aside by the store: the key still finds the account.
  if (!record && record.error().code != Errc::not_found && record.error().code != Errc::damaged)
    return std::move(record).error();
  if (record) account.record = std::move(*record);
  if (!account.record.directory_url.empty() &&
      account.record.directory_url != configured->directory_url) {
    log_.notice(std::string(issuer) + ": the directory URL changed from " +
                printable(account.record.directory_url) + " to " + configured->directory_url +
                ": a new account is made, the old one is kept beside");
    ACME_CHECK(store_.retire_account(issuer));
    account.record = {};
  }
  account.record.issuer = issuer;
  account.record.directory_url = configured->directory_url;
  if (auto own = https_origin(configured->directory_url)) account.origins.push_back(*own);
  return &accounts_.emplace(issuer, std::move(account)).first->second;
}

Result<Accounts::Account*> Accounts::with_key(std::string_view issuer) {
  ACME_TRY(Account * account, find(issuer));
  if (!account->key.get()) {
    ACME_TRY(account->key, keys_.load(*config_.issuer(issuer), account->record));
  }
  return account;
}

Result<Accounts::Account*> Accounts::registered(std::string_view issuer) {
  ACME_TRY(Account * account, with_key(issuer));
  if (account->record.account_url.empty())
    return fail(Errc::refused, "there is no account at " + std::string(issuer) + " yet");
  return account;
}

bool Accounts::settle(std::string_view issuer) {
  const IssuerConfig* configured = config_.issuer(issuer);
  if (!configured || !find(issuer) || !keys_.has_key(*configured)) return false;
  if (auto key = with_key(issuer); !key)
    log_.error(std::string(issuer) + ": " + key.error().message);
  return true;
}

std::string Accounts::account_url(std::string_view issuer) {
  return record(issuer).account_url;
}

AccountRecord Accounts::record(std::string_view issuer) {
  auto account = find(issuer);
  return account ? (*account)->record : AccountRecord{};
}

Outcome Accounts::allow_origins(std::string_view issuer, const std::vector<std::string>& urls) {
  ACME_TRY(Account * account, find(issuer));
  if (urls.size() > kMostDirectoryUrls)
    return fail(Errc::refused, "the CA's directory names too many URLs");
  std::vector<std::string> origins;
  if (auto own = https_origin(config_.issuer(issuer)->directory_url)) origins.push_back(*own);
  for (const std::string& url : urls) {
    auto origin = https_origin(url);
    if (!origin) return fail(Errc::refused, "not an https URL: " + printable(url));
    origins.push_back(*origin);
  }
  account->origins = std::move(origins);
  return {};
}

bool Accounts::may_be_account(std::string_view issuer, std::string_view url) {
  std::string own = account_url(issuer);
  return !is_plain_path(path_of(url)) || lower(path_of(url)) == lower(path_of(own));
}

Outcome Accounts::check_is_account(std::string_view issuer, std::string_view url) {
  if (std::string own = account_url(issuer); own.empty() || own != url)
    return fail(Errc::refused,
                printable(url) + " is not the URL of the account at " + printable(issuer));
  return {};
}

Outcome Accounts::check(std::string_view issuer, std::string_view url, std::string_view nonce) {
  ACME_TRY(Account * account, find(issuer));
  return check_target(*account, url, nonce);
}

Outcome Accounts::check_target(const Account& account, std::string_view url,
                               std::string_view nonce) const {
  auto origin = https_origin(url);
  if (!origin) return fail(Errc::refused, "not an https URL: " + printable(url));
  if (std::find(account.origins.begin(), account.origins.end(), *origin) == account.origins.end())
    return fail(Errc::refused,
                printable(url) + " is not on a server that the CA's directory names");
  if (nonce.size() > kLongestNonce || !is_base64url(nonce))
    return fail(Errc::refused, "the CA's nonce is not base64url");
  return {};
}

Result<std::string> Accounts::sign_registration(std::string_view issuer, std::string_view url,
                                                std::string_view nonce, bool only_existing) {
  ACME_TRY(Account * account, with_key(issuer));
  ACME_CHECK(check_target(*account, url, nonce));
  std::string payload = kOnlyExisting;
  if (!only_existing) {
    ACME_TRY(payload, registration_payload(*config_.issuer(issuer), url, account->key));
  }
  account->registering = true;
  JwsHeader header{std::string(nonce), std::string(url), {}};
  return sign_jws(account->key, header, payload);
}

Result<std::string> Accounts::sign(std::string_view issuer, std::string_view url,
                                   std::string_view nonce, std::string_view payload) {
  ACME_TRY(Account * account, registered(issuer));
  ACME_CHECK(check_target(*account, url, nonce));
  JwsHeader header{std::string(nonce), std::string(url), account->record.account_url};
  return sign_jws(account->key, header, payload);
}

Result<std::string> Accounts::key_authorization(std::string_view issuer, std::string_view token) {
  if (token.size() < 22 || token.size() > 256 || !is_base64url(token))
    return fail(Errc::refused, "the CA's token is not 22 to 256 characters of base64url");
  ACME_TRY(Account * account, with_key(issuer));
  if (account->thumbprint.empty()) {
    ACME_TRY(account->thumbprint, jwk_thumbprint(account->key));
  }
  return acme::key_authorization(token, account->thumbprint);
}

Outcome Accounts::created(std::string_view issuer, std::string_view account_url,
                          std::string_view terms_of_service, bool existed) {
  ACME_TRY(Account * account, with_key(issuer));
  if (!https_origin(account_url))
    return fail(Errc::refused, "the account's URL is no https URL: " + printable(account_url));
  if (!account->registering) return fail(Errc::refused, "no account was asked for");
  AccountRecord record = account->record;
  bool is_new = record.account_url != account_url;
  record.account_url = account_url;
  record.terms_of_service = printable(terms_of_service);
  record.new_terms_of_service.clear();
  // One that was there has the contacts of who made it.
  if (!existed) record.contacts = config_.issuer(issuer)->contacts;
  if (!existed && record.created == 0) record.created = env_.now();
  ACME_CHECK(store_.save_account(record));
  account->record = std::move(record);
  account->registering = false;
  if (is_new) {
    std::string line = std::string(issuer) + ": account " + printable(account_url) + " is ready";
    if (!terms_of_service.empty())
      line += "; using it accepts the terms of service at " + printable(terms_of_service);
    log_.notice(line);
  }
  return {};
}

Outcome Accounts::lost(std::string_view issuer) {
  ACME_TRY(Account * account, find(issuer));
  if (account->record.account_url.empty())
    return fail(Errc::refused, "there is no account at " + std::string(issuer));
  if (account->lost && env_.boottime() - *account->lost < kLostAgain)
    return fail(Errc::refused, "the account at " + std::string(issuer) + " is only just new");
  account->lost = env_.boottime();
  log_.warning(std::string(issuer) + ": the CA does not know the account " +
               printable(account->record.account_url) + "; it is registered again");
  account->record.account_url.clear();
  return store_.save_account(account->record);
}

Outcome Accounts::hold(std::string_view issuer, WallTime until) {
  ACME_TRY(Account * account, find(issuer));
  account->record.not_before = std::clamp<WallTime>(until, 0, env_.now() + kDay);
  return store_.save_account(account->record);
}

}  // namespace acme::keeper
