// Where the settings of a DNS provider come from when an order needs them.
#include "keeper/dns_secrets.h"

#include <cstdlib>

#include "unit/keeper/bench.h"

using namespace acme;
using namespace acme::test;

namespace {

DnsProviderConfig configured(const std::vector<std::string>& words) {
  std::vector<std::string> warnings;
  return REQUIRE_OK(parse_dns_provider(words, "/", warnings));
}

std::string value(const DnsProviderConfig& config, std::size_t number = 0) {
  auto settings = REQUIRE_OK(keeper::read_dns_settings(config));
  return std::string(settings.at(number).second.view());
}

TEST(a_token_is_read_anew_each_time_without_its_line_end) {
  Bench bench;
  const std::string path = bench.folder / "token";
  std::ofstream(path) << " s3cret\r\n";
  const DnsProviderConfig config =
      configured({"cloudflare", "token=file:" + path, "base_url=https://api.example"});
  CHECK_EQ(value(config), "s3cret");
  CHECK_EQ(value(config, 1), "https://api.example");
  std::ofstream(path) << "another";
  CHECK_EQ(value(config), "another");
}

TEST(a_credential_is_where_systemd_has_put_it) {
  Bench bench;
  std::ofstream(bench.folder / "cf") << "s3cret";
  const DnsProviderConfig config = configured({"cloudflare", "token=credential:cf"});
  unsetenv("CREDENTIALS_DIRECTORY");
  CHECK_CONTAINS(REQUIRE_ERROR(keeper::read_dns_settings(config), Errc::not_found),
                 "token= of the DNS provider cloudflare: the credential cf cannot be read");
  setenv("CREDENTIALS_DIRECTORY", bench.folder.path().c_str(), 1);
  CHECK_EQ(value(config), "s3cret");
}

TEST(what_stands_in_the_configuration_is_taken_as_it_is) {
  CHECK_EQ(value(configured({"cloudflare", "token=abc"})), "abc");
}

TEST(a_file_that_cannot_be_read_or_is_empty_is_named) {
  Bench bench;
  const std::string path = bench.folder / "token";
  const DnsProviderConfig config = configured({"cloudflare", "token=file:" + path});
  CHECK_CONTAINS(REQUIRE_ERROR(keeper::read_dns_settings(config), Errc::io),
                 "token= of the DNS provider cloudflare: " + path);
  std::ofstream(path) << "\n";
  CHECK_CONTAINS(REQUIRE_ERROR(keeper::read_dns_settings(config), Errc::invalid_config),
                 path + " is empty");
}

}  // namespace

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
