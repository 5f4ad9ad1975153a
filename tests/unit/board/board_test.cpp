// One writer and one reader, step by step.
#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

TEST(a_new_board_is_empty) {
  Board board;
  CHECK_EQ(board.reader.slots(), 4);
  CHECK_EQ(board.writer.slots(), 4);
  for (std::uint32_t slot = 0; slot < 5; ++slot) {
    CHECK_EQ(board.reader.generation(slot), 0);
    REQUIRE_ERROR(board.reader.certificate(slot), Errc::not_found);
  }
  REQUIRE_ERROR(board.reader.status(), Errc::not_found);
  REQUIRE_ERROR(board.reader.key_authorization(token_number(1)), Errc::not_found);
  CHECK(board.writer.tokens().empty());
}

TEST(a_published_bundle_is_read_back_and_changes_the_generation) {
  Board board;
  REQUIRE_OK(board.writer.publish(2, bundle_of(7)));
  auto first = board.reader.generation(2);
  CHECK(first != 0);
  auto copy = REQUIRE_OK(board.reader.certificate(2));
  CHECK_EQ(copy.generation, first);
  CHECK_EQ(serial_in(board.reader, 2), 7);
  CHECK_EQ(board.reader.generation(1), 0);

  REQUIRE_OK(board.writer.publish(2, bundle_of(8, 4000)));
  CHECK(board.reader.generation(2) != first);
  CHECK_EQ(serial_in(board.reader, 2), 8);
}

TEST(publishing_the_same_again_changes_nothing) {
  Board board;
  REQUIRE_OK(board.writer.publish(0, bundle_of(7)));
  REQUIRE_OK(board.writer.publish_status("{}"));
  REQUIRE_OK(board.writer.put_token(token_number(1), key_authorization_of(token_number(1))));
  std::string before = image_of(board.fd.get());
  board.attach_again();
  REQUIRE_OK(board.writer.publish(0, bundle_of(7)));
  REQUIRE_OK(board.writer.publish_status("{}"));
  REQUIRE_OK(board.writer.put_token(token_number(1), key_authorization_of(token_number(1))));
  CHECK(image_of(board.fd.get()) == before);
}

TEST(whether_a_slot_holds_a_bundle_is_known_without_publishing_it) {
  Board board;
  CHECK(!board.writer.holds(0, bundle_of(7)));
  REQUIRE_OK(board.writer.publish(0, bundle_of(7)));
  std::string before = image_of(board.fd.get());
  CHECK(board.writer.holds(0, bundle_of(7)));
  CHECK(!board.writer.holds(0, bundle_of(8)));
  CHECK(!board.writer.holds(1, bundle_of(7)));
  CHECK(!board.writer.holds(99, bundle_of(7)));
  CHECK(!board.writer.holds(0, Bundle{}));
  board.attach_again();
  CHECK(board.writer.holds(0, bundle_of(7)));
  CHECK(image_of(board.fd.get()) == before);
  board.writer.withdraw(0);
  CHECK(!board.writer.holds(0, bundle_of(7)));
}

TEST(a_withdrawn_slot_is_empty_and_its_generations_go_on) {
  Board board;
  REQUIRE_OK(board.writer.publish(0, bundle_of(1)));
  auto first = board.reader.generation(0);
  board.writer.withdraw(0);
  board.writer.withdraw(0);
  board.writer.withdraw(99);
  CHECK_EQ(board.reader.generation(0), 0);
  REQUIRE_ERROR(board.reader.certificate(0), Errc::not_found);
  board.attach_again();
  REQUIRE_OK(board.writer.publish(0, bundle_of(2)));
  // A worker that looked away meanwhile must notice.
  CHECK(board.reader.generation(0) != first);
}

TEST(a_slot_that_is_not_there_is_refused) {
  Board board;
  CHECK_CONTAINS(REQUIRE_ERROR(board.writer.publish(4, bundle_of(1)), Errc::invalid_argument),
                 "slot 4");
  REQUIRE_ERROR(board.writer.publish(0, Bundle{}), Errc::invalid_argument);
}

TEST(the_status_is_replaced_whole) {
  Board board;
  REQUIRE_OK(board.writer.publish_status(R"({"certificates":[]})"));
  CHECK_EQ(REQUIRE_OK(board.reader.status()), R"({"certificates":[]})");
  std::string longer(20'000, 'j');
  REQUIRE_OK(board.writer.publish_status(longer));
  CHECK_EQ(REQUIRE_OK(board.reader.status()), longer);
  REQUIRE_OK(board.writer.publish_status(""));
  CHECK_EQ(REQUIRE_OK(board.reader.status()), "");
}

TEST(a_new_writer_finds_what_the_last_one_left) {
  Board board;
  REQUIRE_OK(board.writer.publish(1, bundle_of(1)));
  REQUIRE_OK(board.writer.publish(3, bundle_of(3)));
  REQUIRE_OK(board.writer.publish_status("old"));
  REQUIRE_OK(board.writer.put_token(token_number(5), key_authorization_of(token_number(5))));
  auto generation = board.reader.generation(3);
  board.attach_again();
  CHECK_EQ(board.reader.generation(3), generation);
  CHECK(board.writer.tokens() == std::vector<std::string>{token_number(5)});
  REQUIRE_OK(board.writer.publish(0, bundle_of(10)));
  REQUIRE_OK(board.writer.publish_status("new"));
  CHECK_EQ(serial_in(board.reader, 0), 10);
  CHECK_EQ(serial_in(board.reader, 1), 1);
  CHECK_EQ(serial_in(board.reader, 3), 3);
  CHECK_EQ(REQUIRE_OK(board.reader.status()), "new");
}

TEST(a_board_for_nothing_works) {
  BoardEnv env;
  BoardShape shape = board_shape_for(0);
  CHECK_EQ(shape.slots, 0);
  UniqueFd fd = REQUIRE_OK(create_board(env, shape));
  auto writer = REQUIRE_OK(BoardWriter::attach(env, fd.get()));
  auto reader = REQUIRE_OK(BoardReader::map(env, fd.get()));
  REQUIRE_OK(writer.publish_status("{}"));
  CHECK_EQ(REQUIRE_OK(reader.status()), "{}");
  CHECK_EQ(reader.generation(0), 0);
}

TEST(any_number_of_lineages_has_a_shape) {
  for (std::uint32_t lineages : {0U, 1U, 10'000U, board::kMaxSlots})
    CHECK(board::layout_of(board_shape_for(lineages)).has_value());
  CHECK(!board::layout_of(board_shape_for(board::kMaxSlots + 1)).has_value());
}

TEST(a_moved_writer_and_reader_work) {
  Board board;
  BoardWriter writer = std::move(board.writer);
  BoardReader reader = std::move(board.reader);
  REQUIRE_OK(writer.publish(0, bundle_of(1)));
  CHECK_EQ(serial_in(reader, 0), 1);
  reader = REQUIRE_OK(BoardReader::map(board.env, board.fd.get()));
  CHECK_EQ(serial_in(reader, 0), 1);
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
