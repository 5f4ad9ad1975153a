// Domain files that change while the server runs: what is taken of them, and when.
#include "keeper/domain_files.h"
#include <algorithm>

#include "keeper/additions.h"
#include "unit/config/site_config.h"
#include "unit/keeper/keeper_env.h"

#include "keeper/accounts.h"
#include "keeper/certificates.h"

using namespace acme;
using namespace acme::test;
using keeper::Change;

namespace {

// A server whose only site has a domain file: shop.example.org and what stands in it.
struct Shop {
  explicit Shop(const std::string& text, std::uint32_t spare = 1024) : Shop(text, spare, true) {}
  Shop(const std::string& text, std::uint32_t spare, bool in_site) {
    write(text);
    SiteConfig server(ServerKind::httpd);
    server.main("state_path", {folder / "store"});
    server.main("acme", {"letsencrypt"});
    auto site = server.site({"shop.example.org"});
    server.set(in_site ? site.scope : Builder::kMain, "domain_file", {path});
    config = server.resolved();
    board_fd = REQUIRE_OK(create_board(env, board_shape_for(config.slots(), spare)));
    board.emplace(REQUIRE_OK(BoardReader::map(env, board_fd.get())));
    start();
  }
  // As a keeper that follows a killed one; `original`: with the list of the server.
  void start() {
    parts.reset();
    parts = std::make_unique<Parts>(*this);
  }

  void write(const std::string& text) {
    std::ofstream(folder / "new", std::ios::binary) << text;
    std::filesystem::rename(folder / "new", path);
  }
  std::optional<keeper::DomainFiles::Reading> look() {
    env.pass(1);
    return parts->files.look();
  }
  // What the keeper does, without an agent.
  std::optional<Change> take() {
    for (int second = 0; second < 3; ++second)
      if (auto reading = look()) {
        Change change = parts->additions.compare(*reading);
        parts->additions.apply(*reading, change);
        parts->certificates.follow_configuration();
        return change;
      }
    return std::nullopt;
  }
  Change change(const std::string& text) {
    write(text);
    auto taken = take();
    CHECK(taken.has_value());
    return *taken;
  }
  std::vector<std::string> ids() const {
    std::vector<std::string> out;
    for (const auto& [lineage, managed] : parts->certificates.all()) {
      CHECK(managed.config == config.certificate(lineage.certificate));
      out.push_back(lineage.certificate);
    }
    return out;
  }
  std::uint32_t slot_of(const std::string& name, std::uint32_t site = 0) {
    auto found = board->name(site, name);
    return found ? found->first_slot : 0;
  }

  KeeperEnv env;
  KeptLog log;
  Folder folder;
  std::string path = folder / "domains";
  Config config;
  UniqueFd board_fd;
  std::optional<BoardReader> board;
  struct Parts {
    explicit Parts(Shop& shop)
        : store(REQUIRE_OK(
              Store::open(shop.env, shop.config.state_path, Store::Mode::read_write, shop.log))),
          writer(REQUIRE_OK(BoardWriter::attach(shop.env, shop.board_fd.get()))),
          accounts(shop.env, shop.log, shop.config, store),
          files(shop.env, shop.log, shop.config),
          additions(shop.log, shop.config, &writer),
          certificates(shop.env, shop.log, shop.config, store, accounts, &writer) {
      REQUIRE_OK(store.lock());
    }
    Store store;
    BoardWriter writer;
    keeper::Accounts accounts;
    keeper::DomainFiles files;
    keeper::Additions additions;
    keeper::Certificates certificates;
  };
  std::unique_ptr<Parts> parts;
};

using Ids = std::vector<std::string>;

}  // namespace

TEST(nothing_is_read_as_long_as_nothing_changes) {
  Shop shop("a.example.net\n");
  for (int i = 0; i < 5; ++i) CHECK(!shop.look());
  CHECK(shop.log.lines.empty());
  CHECK_EQ(shop.parts->files.next_look(shop.env.boot + 60'000), shop.env.boot + 1000);
}

TEST(a_new_line_is_a_new_certificate) {
  Shop shop("a.example.net\n");
  Change change = shop.change("a.example.net\nb.example.net c.example.net\n");
  CHECK_EQ(change.added, Ids{"b.example.net"});
  CHECK(change.disturbs_nothing());
  CHECK_EQ(shop.ids(), (Ids{"a.example.net", "b.example.net", "shop.example.org"}));
  CHECK_EQ(shop.log.count("domain files: new: b.example.net"), 1);
  // Workers find both names, and what they know by themselves is not repeated.
  CHECK_EQ(shop.slot_of("b.example.net"), 2);
  CHECK_EQ(shop.slot_of("c.example.net"), 2);
  CHECK_EQ(shop.parts->writer.names().size(), 2);
  CHECK(!shop.look());
  // The server's own reload would come to the same.
  CHECK_EQ(shop.config.certificate("b.example.net")->issuers, Ids{"letsencrypt"});
  // acmectl eject knows which site uses it.
  const auto sites = rows_of<SitePlace>(shop.config.layout.sites);
  CHECK(!sites.empty());
  const Ids& its = sites.front().certificates;
  CHECK_EQ(std::count(its.begin(), its.end(), "b.example.net"), 1);
}

TEST(a_file_that_is_being_written_is_left_alone) {
  Shop shop("a.example.net\n");
  std::string text = "a.example.net\n";
  for (int i = 0; i < 5; ++i) {
    text += "n" + std::to_string(i) + ".example.net\n";
    shop.write(text);
    CHECK(!shop.look());
  }
  auto reading = shop.look();
  CHECK(reading.has_value());
  CHECK_EQ(reading->resolution.config.certificates.size(), 7);
}

TEST(a_wrong_line_is_told_and_the_others_go_on) {
  Shop shop("a.example.net\nb.example.net\n");
  // The slip of the pen was b.example.net: it stays in force.
  Change change = shop.change("a.example.net\nb_example.net\nc.example.net\n");
  CHECK_EQ(change.added, Ids{"c.example.net"});
  CHECK(change.gone.empty());
  CHECK_EQ(shop.log.count(", in " + shop.path + ":2 (left out)"), 1);
  CHECK_EQ(shop.ids(),
           (Ids{"a.example.net", "b.example.net", "c.example.net", "shop.example.org"}));
  // Not said twice, and when it is mended all that is gone is gone.
  shop.change("a.example.net\nb_example.net\nd.example.net\n");
  CHECK_EQ(shop.log.count(", in " + shop.path + ":2 (left out)"), 1);
  change = shop.change("a.example.net\n");
  CHECK_EQ(change.gone, (Ids{"b.example.net", "c.example.net", "d.example.net"}));
  CHECK_EQ(shop.ids(), (Ids{"a.example.net", "shop.example.org"}));
}

TEST(what_no_line_names_any_more_is_served_and_not_renewed) {
  Shop shop("a.example.net\nb.example.net\n");
  shop.change("a.example.net\nb.example.net\nc.example.net\n");
  const std::uint32_t slot = shop.slot_of("c.example.net");
  Change change = shop.change("a.example.net\n");
  CHECK_EQ(change.gone, (Ids{"b.example.net", "c.example.net"}));
  CHECK_EQ(shop.log.count("served until the server's next reload, and not renewed"), 1);
  CHECK_EQ(shop.slot_of("c.example.net"), slot);
  // A line that comes back has its slots again.
  change = shop.change("a.example.net\nc.example.net\nb.example.net\n");
  CHECK_EQ(change.added, (Ids{"c.example.net", "b.example.net"}));
  CHECK_EQ(shop.config.certificate("c.example.net")->first_slot, slot);
  CHECK_EQ(shop.config.certificate("b.example.net")->first_slot, 1);
  CHECK_EQ(shop.slot_of("b.example.net"), 0);
}

TEST(other_names_keys_or_issuers_are_a_change_of_the_same_certificate) {
  Shop shop("a.example.net\nb.example.net\n");
  Change change = shop.change("a.example.net more.example.net\nb.example.net\n");
  CHECK_EQ(change.changed, Ids{"a.example.net"});
  CHECK(change.added.empty() && change.gone.empty());
  CHECK_EQ(shop.config.certificate("a.example.net")->first_slot, 0);
  auto more = REQUIRE_OK(shop.board->name(0, "more.example.net"));
  CHECK_EQ(more.first_slot, 0);
  // Two keys lie side by side, elsewhere.
  change = shop.change("a.example.net more.example.net key=ecdsa,rsa\nb.example.net\n");
  CHECK_EQ(change.changed, Ids{"a.example.net"});
  more = REQUIRE_OK(shop.board->name(0, "a.example.net"));
  CHECK_EQ(more.slots, 2);
  CHECK_EQ(more.first_slot, 3);
  CHECK_EQ(shop.ids().size(), 4);
  change = shop.change(
      "a.example.net more.example.net key=ecdsa,rsa\n"
      "b.example.net issuer=letsencrypt-staging\n");
  CHECK_EQ(change.changed, Ids{"b.example.net"});
}

TEST(a_name_may_move_to_another_certificate) {
  Shop shop("a.example.net b.example.net\n");
  Change change = shop.change("a.example.net\nb.example.net\n");
  CHECK_EQ(change.changed, Ids{"a.example.net"});
  CHECK_EQ(change.added, Ids{"b.example.net"});
  CHECK_EQ(shop.slot_of("b.example.net"), 2);
  // And back: the workers must not look into the slots of what is gone.
  change = shop.change("a.example.net b.example.net\n");
  CHECK_EQ(change.gone, Ids{"b.example.net"});
  auto moved = REQUIRE_OK(shop.board->name(0, "b.example.net"));
  CHECK_EQ(moved.certificate, "a.example.net");
  CHECK_EQ(moved.first_slot, 0);
}

TEST(an_emptied_file_takes_nothing_down) {
  Shop shop("a.example.net\nb.example.net\n");
  for (const std::string text : {"", "# all gone\n"}) {
    Change change = shop.change(text);
    CHECK(change.empty());
    CHECK_EQ(shop.ids().size(), 3);
  }
  CHECK_EQ(shop.log.count("names no certificate any more: those that it had stay in force"), 1);
  Change change = shop.change("b.example.net\n");
  CHECK_EQ(change.gone, Ids{"a.example.net"});
}

TEST(a_file_that_cannot_be_read_takes_nothing_down) {
  Shop shop("a.example.net\n");
  std::filesystem::remove(shop.path);
  CHECK(!shop.take());
  CHECK_EQ(shop.log.count("cannot be read: No such file or directory, in /etc/server.conf:"), 1);
  CHECK_EQ(shop.log.count("stay in force, none is added, and a reload would be refused"), 1);
  CHECK_EQ(shop.ids().size(), 2);
  shop.env.pass(200);
  CHECK(!shop.take());  // tried again, not said again
  CHECK_EQ(shop.log.lines.size(), 1);
  std::filesystem::create_directory(shop.path);
  CHECK(!shop.take());
  CHECK_EQ(shop.log.count("it is no regular file"), 1);
  std::filesystem::remove(shop.path);
  CHECK_EQ(shop.change("a.example.net\nb.example.net\n").added, Ids{"b.example.net"});
}

TEST(what_finds_no_room_waits_for_the_reload) {
  Shop shop("a.example.net\n", 2);
  Change change = shop.change("a.example.net\nb.example.net\nc.example.net\nd.example.net\n");
  CHECK_EQ(change.added, (Ids{"b.example.net", "c.example.net"}));
  CHECK_EQ(change.waiting, Ids{"d.example.net"});
  CHECK_EQ(shop.log.count("d.example.net must wait for the server's next reload"), 1);
  CHECK_EQ(shop.ids().size(), 4);
  // What is known stays as it was where it would need another place.
  change = shop.change("a.example.net\nb.example.net key=ecdsa,rsa\nc.example.net\n");
  CHECK_EQ(change.waiting, Ids{"b.example.net"});
  CHECK_EQ(shop.config.certificate("b.example.net")->keys.size(), 1);
}

TEST(names_that_the_sites_do_not_carry_are_ordered_and_not_shown) {
  Shop shop("a.example.net\n", 1024, false);
  Change change = shop.change("a.example.net\nb.example.net\n");
  CHECK_EQ(change.added, Ids{"b.example.net"});
  CHECK(shop.parts->writer.names().empty());
  CHECK_EQ(shop.log.count("carries a name of 2 certificates"), 1);
}

TEST(a_line_at_the_outermost_level_is_for_the_sites_that_carry_its_names) {
  Shop shop("a.example.net\n", 1024, false);
  // Beside the site's own certificate, which nobody wants any more then.
  Change change = shop.change("a.example.net\nshop.example.org other.example.org name=mine\n");
  CHECK_EQ(change.added, Ids{"mine"});
  CHECK_EQ(change.gone, Ids{"shop.example.org"});
  CHECK_EQ(shop.slot_of("shop.example.org"), 2);
  CHECK_EQ(shop.slot_of("other.example.org"), 2);
  // And back again: it has its old place.
  change = shop.change("a.example.net\n");
  CHECK_EQ(change.added, Ids{"shop.example.org"});
  CHECK_EQ(shop.slot_of("shop.example.org"), 1);
}

TEST(a_site_that_had_nothing_of_ours_needs_a_reload_and_it_is_said) {
  KeeperEnv env;
  KeptLog log;
  Folder folder;
  const std::string path = folder / "domains";
  std::ofstream(path) << "a.example.net\n";
  SiteConfig server;
  server.main("domain_file", {path});
  server.site({"a.example.net"});
  server.site({"b.example.net"});
  Config config = server.resolved();
  CHECK_EQ(config.source.sites, "10");
  keeper::DomainFiles files(env, log, config);
  keeper::Additions additions(log, config, nullptr);
  std::ofstream(path) << "a.example.net\nb.example.net\n";
  env.pass(1);
  CHECK(!files.look());
  env.pass(1);
  auto reading = files.look();
  CHECK(reading.has_value());
  Change change = additions.compare(*reading);
  CHECK_EQ(change.added, Ids{"b.example.net"});
  additions.apply(*reading, change);
  CHECK_EQ(log.count("a reload of the server is needed for 1 site"), 1);
  CHECK_EQ(config.certificates.size(), 2);
}

TEST(an_added_address_is_for_every_site) {
  Shop shop("a.example.net\n");
  shop.change("a.example.net\n192.0.2.7\n");
  CHECK_EQ(shop.slot_of("192.0.2.7", kAnySite), 2);
}

TEST(the_next_keeper_goes_on_with_the_list_and_the_slots) {
  Shop shop("a.example.net\nb.example.net\n");
  const Config original = shop.config;
  CHECK(!shop.parts->additions.may_resume());
  shop.change("a.example.net\nc.example.net\nd.example.net\n");
  const auto slot = shop.slot_of("d.example.net");
  Config saved = REQUIRE_OK(decode_config(encode_config(without_secrets(shop.config)).view()));
  shop.parts.reset();
  shop.config = original;
  shop.start();
  CHECK(shop.parts->additions.may_resume());
  shop.parts->additions.resume(saved.certificates, saved.layout.sites);
  shop.parts->certificates.follow_configuration();
  CHECK_EQ(shop.ids(),
           (Ids{"a.example.net", "c.example.net", "d.example.net", "shop.example.org"}));
  CHECK_EQ(shop.config.certificate("d.example.net")->first_slot, slot);
  CHECK_EQ(shop.config.layout.sites, saved.layout.sites);
  // The file is another one than the server has read, and nothing of it is new.
  auto taken = shop.take();
  CHECK(taken && taken->empty());
  CHECK_EQ(shop.change("a.example.net\nc.example.net\nd.example.net\ne.example.net\n").added,
           Ids{"e.example.net"});
  CHECK(shop.slot_of("e.example.net") > slot);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
