// Names that are added while the server runs. The table is that of the tokens
// (tokens_test.cpp); here is what is its own.
#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

BoardShape shape_with_names() {
  return {.slots = 40, .tokens = 8, .heap_bytes = 64 * 1024, .names = 16};
}

AddedName added(std::uint32_t site, const std::string& name, std::uint32_t slot = 7) {
  return {site, name, slot, 2, "the-" + name};
}

}  // namespace

TEST(a_name_is_found_at_its_site_and_nowhere_else) {
  Board board(shape_with_names());
  CHECK(!board.reader.has_names());
  REQUIRE_ERROR(board.reader.name(0, "a.example.org"), Errc::not_found);
  REQUIRE_OK(board.writer.put_name(added(0, "a.example.org")));
  REQUIRE_OK(board.writer.put_name(added(300, "a.example.org", 9)));
  REQUIRE_OK(board.writer.put_name(added(kAnySite, "192.0.2.1", 11)));
  CHECK(board.reader.has_names());
  AddedName found = REQUIRE_OK(board.reader.name(0, "a.example.org"));
  CHECK_EQ(found.first_slot, 7);
  CHECK_EQ(found.slots, 2);
  CHECK_EQ(found.certificate, "the-a.example.org");
  CHECK_EQ(REQUIRE_OK(board.reader.name(300, "a.example.org")).first_slot, 9);
  CHECK_EQ(REQUIRE_OK(board.reader.name(kAnySite, "192.0.2.1")).first_slot, 11);
  REQUIRE_ERROR(board.reader.name(1, "a.example.org"), Errc::not_found);
  REQUIRE_ERROR(board.reader.name(0, "b.example.org"), Errc::not_found);
  REQUIRE_ERROR(board.reader.name(0, ""), Errc::not_found);
  CHECK_EQ(board.writer.names().size(), 3);
}

TEST(a_name_may_get_other_slots) {
  Board board(shape_with_names());
  REQUIRE_OK(board.writer.put_name(added(1, "a.example.org")));
  REQUIRE_OK(board.writer.put_name(added(1, "a.example.org", 20)));
  CHECK_EQ(REQUIRE_OK(board.reader.name(1, "a.example.org")).first_slot, 20);
  CHECK_EQ(board.writer.names().size(), 1);
}

TEST(the_next_writer_finds_the_names_that_are_there) {
  Board board(shape_with_names());
  for (unsigned n = 0; n < 10; ++n)
    REQUIRE_OK(board.writer.put_name(added(n % 3, name_number(n), n)));
  board.attach_again();
  CHECK_EQ(board.writer.names().size(), 10);
  for (unsigned n = 0; n < 10; ++n)
    CHECK_EQ(REQUIRE_OK(board.reader.name(n % 3, name_number(n))).first_slot, n);
}

TEST(what_is_no_name_of_a_certificate_is_refused) {
  Board board(shape_with_names());
  const auto refused = [&](const AddedName& name) {
    REQUIRE_ERROR(board.writer.put_name(name), Errc::invalid_argument);
  };
  refused({0, "", 1, 1, "id"});
  refused({0, std::string(256, 'a'), 1, 1, "id"});
  refused({0, "a.example.org", 1, 0, "id"});
  refused({0, "a.example.org", 1, kMaxSlotsOfName + 1, "id"});
  refused({0, "a.example.org", board::kMaxSlots, 1, "id"});
  refused({0, "a.example.org", 1, 1, ""});
  refused({0, "a.example.org", 1, 1, std::string(256, 'i')});
  CHECK(!board.reader.has_names());
  REQUIRE_OK(board.writer.put_name({0, std::string(255, 'a'), 1, 1, std::string(255, 'i')}));
}

TEST(a_table_that_is_full_says_so_and_keeps_what_it_has) {
  Board board(shape_with_names());
  for (unsigned n = 0; n < 16; ++n) REQUIRE_OK(board.writer.put_name(added(0, name_number(n))));
  CHECK_CONTAINS(REQUIRE_ERROR(board.writer.put_name(added(0, name_number(16))), Errc::no_memory),
                 "16 of at most 16 names were added since the last reload");
  REQUIRE_OK(board.writer.put_name(added(0, name_number(3), 30)));
  CHECK_EQ(REQUIRE_OK(board.reader.name(0, name_number(3))).first_slot, 30);
}

TEST(a_damaged_name_is_none) {
  Board board(shape_with_names());
  REQUIRE_OK(board.writer.put_name(added(0, "a.example.org")));
  REQUIRE_OK(board.writer.put_name(added(0, "b.example.org")));
  const std::size_t at = image_of(board.fd.get()).find("the-a.example.org");
  CHECK(at != std::string::npos);
  CHECK_EQ(pwrite(board.fd.get(), "x", 1, static_cast<off_t>(at)), 1);
  CHECK(!board.reader.name(0, "a.example.org"));
  CHECK(board.reader.name(0, "b.example.org"));
  board.attach_again();
  CHECK_EQ(board.writer.names().size(), 1);
}

TEST(a_board_has_room_for_names_where_more_may_come) {
  const BoardShape none = board_shape_for(10);
  CHECK_EQ(none.slots, 10);
  CHECK_EQ(none.names, 0);
  const BoardShape more = board_shape_for(10, 1024);
  CHECK_EQ(more.slots, 1034);
  CHECK_EQ(more.names, 4096);
  for (std::uint32_t lineages : {0U, board::kMaxSlots / 2, board::kMaxSlots})
    CHECK(board::layout_of(board_shape_for(lineages, board::kMaxSlots)).has_value());
  // Without room: not one.
  Board board;
  REQUIRE_ERROR(board.writer.put_name(added(0, "a.example.org")), Errc::no_memory);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
