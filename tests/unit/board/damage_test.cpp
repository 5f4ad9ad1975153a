// Boards that are none, of another version, or damaged: refused with a message,
// or read without harm.
#include <random>

#include "board/mapping.h"
#include "unit/board/board_fixture.h"

using namespace acme;
using namespace acme::test;

namespace {

void write_at(int fd, std::uint64_t offset, const void* data, std::size_t size) {
  CHECK_EQ(pwrite(fd, data, size, static_cast<off_t>(offset)), size);
}

void set_word(const Board& board, std::uint64_t offset, std::uint64_t word) {
  write_at(board.fd.get(), offset, &word, sizeof word);
}
std::uint64_t get_word(const Board& board, std::uint64_t offset) {
  std::uint64_t word = 0;
  CHECK_EQ(pread(board.fd.get(), &word, sizeof word, static_cast<off_t>(offset)), sizeof word);
  return word;
}
std::uint64_t slot_at(std::uint32_t n) {
  return board::kSlotsAt + 8 * n;
}

// A memfd with these bytes, sealed as a board is.
UniqueFd sealed(const std::string& bytes, int seals = F_SEAL_SHRINK | F_SEAL_GROW) {
  UniqueFd fd(system_env().memory_file("test"));
  write_at(fd.get(), 0, bytes.data(), bytes.size());
  CHECK_EQ(fcntl(fd.get(), F_ADD_SEALS, seals), 0);
  return fd;
}

std::string refused(const std::string& image, Errc code) {
  UniqueFd fd = sealed(image);
  std::string why = REQUIRE_ERROR(BoardReader::map(system_env(), fd.get()), code);
  CHECK_EQ(REQUIRE_ERROR(BoardWriter::attach(system_env(), fd.get()), code), why);
  return why;
}

std::string with_header(board::Header header) {
  std::string image(8192, '\0');
  std::memcpy(image.data(), &header, sizeof header);
  return image;
}

// Each function of a reader once, for each slot and some tokens.
void read_everything(const BoardReader& reader) {
  for (std::uint32_t slot = 0; slot <= reader.slots(); ++slot) {
    reader.generation(slot);
    auto copy = reader.certificate(slot);
    if (copy) {
      auto bundle = decode_bundle(copy->bytes.span());
      // What passes the checksum is what was published.
      CHECK(bundle && is_whole(*bundle));
    }
  }
  for (unsigned n = 0; n < 8; ++n) {
    auto found = reader.key_authorization(token_number(n));
    if (found) CHECK_EQ(*found, key_authorization_of(token_number(n)));
  }
  for (unsigned n = 0; n < 4; ++n)
    if (auto found = reader.challenge(name_number(n)); found) CHECK(is_whole(*found));
  (void)reader.status();
}

void fill(Board& board) {
  for (std::uint32_t slot = 0; slot < 4; ++slot)
    REQUIRE_OK(board.writer.publish(slot, bundle_of(slot + 1, 200)));
  for (unsigned n = 0; n < 8; ++n)
    REQUIRE_OK(board.writer.put_token(token_number(n), key_authorization_of(token_number(n))));
  for (unsigned n = 0; n < 4; ++n)
    REQUIRE_OK(board.writer.put_challenge(name_number(n), answer_of(n + 1)));
  REQUIRE_OK(board.writer.publish_status("status"));
}

}  // namespace

TEST(what_is_no_board_is_refused) {
  CHECK_CONTAINS(refused("", Errc::damaged), "too short");
  CHECK_CONTAINS(refused(std::string(127, 'x'), Errc::damaged), "too short");
  CHECK_CONTAINS(refused(std::string(8192, 'x'), Errc::damaged), "mark");
  REQUIRE_ERROR(BoardReader::map(system_env(), -1), Errc::io);
  REQUIRE_ERROR(BoardWriter::attach(system_env(), -1), Errc::io);
}

TEST(a_board_that_could_shrink_is_refused) {
  UniqueFd fd = sealed(with_header(board::header_of(small_shape())), F_SEAL_GROW);
  CHECK_CONTAINS(REQUIRE_ERROR(BoardReader::map(system_env(), fd.get()), Errc::damaged), "sealed");
}

TEST(another_layout_version_is_refused_by_name) {
  board::Header header = board::header_of(small_shape());
  header.version = 7;
  std::string why = refused(with_header(header), Errc::unsupported);
  CHECK_CONTAINS(why, "layout version 7");
  CHECK_CONTAINS(why, "knows version 3");
}

TEST(a_header_that_was_touched_is_refused) {
  const board::Header good = board::header_of(small_shape());
  for (std::size_t at = 12; at < sizeof good; ++at) {
    board::Header header = good;
    reinterpret_cast<char*>(&header)[at] ^= 1;
    CHECK_CONTAINS(refused(with_header(header), Errc::damaged), "checksum");
  }
  CHECK_CONTAINS(refused(with_header(good), Errc::damaged), "8192 bytes instead of");
}

TEST(a_shape_out_of_bounds_is_refused) {
  for (BoardShape shape : {BoardShape{board::kMaxSlots + 1, 8, 4096},
                           BoardShape{1, board::kMaxTokens + 1, 4096}, BoardShape{1, 8, 0},
                           BoardShape{1, 8, 4095}, BoardShape{1, 8, board::kMaxHeapBytes + 4096}}) {
    REQUIRE_ERROR(create_board(system_env(), shape), Errc::invalid_argument);
    CHECK_CONTAINS(refused(with_header(board::header_of(shape)), Errc::damaged), "shape");
  }
}

TEST(a_damaged_blob_is_never_served_and_the_next_writer_withdraws_it) {
  Board board;
  fill(board);
  const std::uint64_t heap = board::layout_of(small_shape())->heap_at;
  const board::Ref ref = board::Ref::of(get_word(board, slot_at(1)));
  const std::uint64_t blob = heap + ref.unit * board::kUnitBytes;
  for (std::uint64_t offset : {0, 4, 8, 16, 200}) {
    const std::uint64_t good = get_word(board, blob + offset);
    set_word(board, blob + offset, good ^ 0x10);
    REQUIRE_ERROR(board.reader.certificate(1), Errc::damaged);
    set_word(board, blob + offset, good);
    CHECK_EQ(serial_in(board.reader, 1), 2);
  }
  set_word(board, blob + 16, 0);
  board.attach_again();
  CHECK_EQ(board.reader.generation(1), 0);
  CHECK_EQ(serial_in(board.reader, 0), 1);
  REQUIRE_OK(board.writer.publish(1, bundle_of(2)));
  CHECK(board.reader.generation(1) > ref.mark);
}

TEST(references_to_anywhere_are_damage) {
  Board board;
  fill(board);
  const std::uint64_t units = board::layout_of(small_shape())->heap_units;
  for (std::uint64_t unit : {std::uint64_t{1}, units - 1, units, std::uint64_t{0xffffffff}}) {
    set_word(board, slot_at(0), board::Ref{9, static_cast<std::uint32_t>(unit)}.word());
    if (unit == 1) continue;  // that is slot 0's own blob
    REQUIRE_ERROR(board.reader.certificate(0), Errc::damaged);
  }
  // Another kind of blob is none either.
  set_word(board, slot_at(0), get_word(board, board::kLiveAt + 8));
  REQUIRE_ERROR(board.reader.certificate(0), Errc::damaged);
}

TEST(of_two_references_to_one_room_a_new_writer_keeps_one) {
  Board board;
  fill(board);
  set_word(board, slot_at(3), get_word(board, slot_at(2)));
  board.attach_again();
  CHECK_EQ(serial_in(board.reader, 2), 3);
  CHECK_EQ(board.reader.generation(3), 0);
  board.let_grace_pass();
  for (std::uint64_t serial = 10; serial < 40; ++serial)
    REQUIRE_OK(board.writer.publish(0, bundle_of(serial, 200)));
  CHECK_EQ(serial_in(board.reader, 2), 3);
}

TEST(rooms_that_overlap_are_not_adopted) {
  // A token's whole blob inside a bundle's bytes, referred to by a cell.
  Board board;
  const std::string token = token_number(1);
  REQUIRE_OK(board.writer.put_token(token, key_authorization_of(token)));
  const auto layout = *board::layout_of(small_shape());
  std::uint64_t cell = layout.tokens.at;
  while (get_word(board, cell) == 0) cell += 8;
  const std::string blob = image_of(board.fd.get()).substr(layout.heap_at + 16, 16 + 96);

  Bundle bundle;
  bundle.key_der = Secret(std::string_view("keys"));
  bundle.chain = {std::string(16, 'x') + blob + std::string(600, 'x')};
  REQUIRE_OK(board.writer.publish(0, bundle));
  const std::size_t inner = image_of(board.fd.get()).rfind(blob) - layout.heap_at;
  CHECK_EQ(inner % 16, 0);
  board::Ref ref = board::Ref::of(get_word(board, cell));
  ref.unit = static_cast<std::uint32_t>(inner / 16);
  set_word(board, cell, ref.word());
  CHECK(board.reader.key_authorization(token));  // intact by itself, but nobody's room
  board.attach_again();
  CHECK(board.writer.tokens().empty());
  CHECK(board.reader.certificate(0));
}

TEST(a_token_in_a_cell_where_it_cannot_be_is_dropped) {
  Board board;
  REQUIRE_OK(board.writer.put_token(token_number(1), key_authorization_of(token_number(1))));
  const auto layout = *board::layout_of(small_shape());
  const std::uint64_t first = layout.tokens.at;
  std::uint64_t cell = first;
  while (get_word(board, cell) == 0) cell += 8;
  const board::Ref ref = board::Ref::of(get_word(board, cell));
  set_word(board, cell, board::Ref{ref.mark ^ 1, ref.unit}.word());
  board.attach_again();
  CHECK(board.writer.tokens().empty());
  CHECK_EQ(get_word(board, cell), board::kEmptyCell);
  CHECK_EQ(get_word(board, board::kLiveAt), 0);
}

TEST(a_recorded_top_that_lies_does_no_harm) {
  for (std::uint64_t lie : {std::uint64_t{0}, std::uint64_t{5}, ~std::uint64_t{0}}) {
    Board board;
    fill(board);
    set_word(board, board::kLiveAt + 16, lie);
    board.attach_again();
    board.let_grace_pass();
    for (std::uint64_t serial = 10; serial < 20; ++serial)
      REQUIRE_OK(board.writer.publish(0, bundle_of(serial, 200)));
    CHECK_EQ(serial_in(board.reader, 1), 2);
  }
}

TEST(random_damage_crashes_neither_reader_nor_writer) {
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    Board board;
    fill(board);
    // Where the data is: the index and the first blobs.
    const auto heap_at = static_cast<unsigned>(board::layout_of(small_shape())->heap_at);
    const unsigned places = 1 + random() % 20;
    for (unsigned i = 0; i < places; ++i) {
      const unsigned offset =
          64 + (random() % 2 == 0 ? random() % 700 : heap_at - 64 + random() % 4096);
      const auto byte = static_cast<std::uint8_t>(random());
      write_at(board.fd.get(), offset, &byte, 1);
    }
    read_everything(board.reader);
    board.attach_again();
    read_everything(board.reader);
    board.let_grace_pass();
    for (std::uint32_t slot = 0; slot < 4; ++slot) {
      REQUIRE_OK(board.writer.publish(slot, bundle_of(100 + slot)));
      CHECK_EQ(serial_in(board.reader, slot), 100 + slot);
    }
  }
}

int main(int argc, char** argv) {
  return acme_test_main(argc, argv);
}
