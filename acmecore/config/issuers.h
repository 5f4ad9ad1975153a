// Certificate authorities: the built-in ones and those of blocks.
#pragma once

#include <string_view>
#include <vector>

#include "config/settings.h"

namespace acme {

inline constexpr std::string_view kDefaultIssuer = "letsencrypt";
inline constexpr std::string_view kStagingIssuer = "letsencrypt-staging";
inline constexpr std::string_view kLetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
inline constexpr std::string_view kLetsEncryptStaging =
    "https://acme-staging-v02.api.letsencrypt.org/directory";

std::vector<IssuerSettings> built_in_issuers();

// What the rest of the house sees: all defaults filled in. Where no list of challenge types was
// written, http-01 comes before tls-alpn-01, but after it where the server has no plain-HTTP
// listener; dns-01 comes last where somebody can set the records: for a wildcard it is the first.
IssuerConfig issuer_config(const IssuerSettings& settings, bool plain_http_listener);
// Whose CA is asked in a dry run of this one's certificates; empty: nobody's.
std::string staging_of(const IssuerSettings& settings);
// The built-in staging issuer as long as no block of the operator's says otherwise: it proves
// names as the one that it stands for, with an account of its own.
IssuerSettings staging_like(const IssuerSettings& original, const IssuerSettings& staging);
std::vector<KeyType> issuer_keys(const IssuerSettings& settings);

// One directive inside an issuer's block; `values` are as many as the table wants.
Outcome assign_to_issuer(IssuerSettings& issuer, std::string_view key,
                         const std::vector<std::string>& values, std::string_view root);

}  // namespace acme
