// One small parser per kind of value. Errors are Errc::invalid_config and say
// what is wrong and what to write instead, without file and line (the caller
// knows them).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"

namespace acme {

using Values = std::vector<std::string>;

std::int64_t seconds_in(char unit);                           // s, m, h, d, w; else 0
Result<bool> parse_switch(std::string_view text);             // on, off
Result<std::string> parse_url(std::string_view text);         // https only
Result<std::string> parse_contact(std::string_view text);     // "mailto:…"
Result<KeyType> parse_key(std::string_view text);             // ecdsa:256 …
Result<std::vector<KeyType>> parse_keys(const Values& list);  // none twice
Result<std::vector<ChallengeType>> parse_challenges(const Values& list);
Result<std::uint32_t> parse_certificates(std::string_view text, std::uint32_t most);  // from 1 on
Result<RenewPolicy> parse_renew(std::string_view text);          // auto, 33%, 30d, 12h
Result<ActivationMode> parse_activation(std::string_view text);  // live, reload
Result<std::string> parse_profile(std::string_view text);  // a CA's word for a kind of certificate
Result<std::string> parse_common_name(std::string_view text);  // of a CA's certificate
Outcome check_shared_zone(std::string_view text);              // zone=name:size
// What becomes a folder's name in the store: an issuer's or a certificate's.
Result<std::string> parse_id(std::string_view what, std::string_view text);
// Relative ones are relative to `root`.
Result<std::string> parse_path(std::string_view root, std::string_view text);

}  // namespace acme
