/*
 * A client that costs little, for benchmarks: one connection after the other on loopback.
 *
 *   load tls PORT COUNT NAME HOSTS     full TLS 1.3 handshakes; %d in NAME becomes 0 … HOSTS-1 in
 * turn load http PORT COUNT NAME          plain HTTP requests on one connection that stays open
 *   load wait PORT PAUSE NAME HOSTS    handshakes with PAUSE milliseconds between them until TERM;
 * prints longest wait, 99th percentile, median (milliseconds), connections, failures. A failed
 * connection is tried again, and its time goes on.
 *
 * A certificate is asked for and thrown away: its trust is the business of the tests.
 *
 * License: Apache-2.0
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ATTEMPT_SECONDS = 100, MOST_WAITS = 1 << 20, BUFFER = 65536 };

static volatile sig_atomic_t ended;

static void end(int number) {
  (void)number;
  ended = 1;
}

static void die(const char* what) {
  fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
  ERR_print_errors_fp(stderr);
  exit(1);
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_for(double seconds) {
  struct timespec time = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};
  nanosleep(&time, NULL);
}

static int open_connection(int port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  int on = 1;
  struct timeval limit = {.tv_sec = ATTEMPT_SECONDS};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (connect(fd, (struct sockaddr*)&address, sizeof address) == 0) return fd;
  close(fd);
  return -1;
}

static const char* name_of(const char* pattern, long number) {
  static char name[256];
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
  snprintf(name, sizeof name, pattern, (int)number);
  return name;
}

/* Seconds from the first packet to the end of the handshake; negative when it failed. The server
   has closed the connection when this returns: nothing of it is left for the next one. */
static double handshake(SSL_CTX* context, int port, const char* name) {
  char rest[256];
  double began = now();
  double took = -1;
  int fd = open_connection(port);
  if (fd < 0) return took;
  SSL* ssl = SSL_new(context);
  if (ssl == NULL || !SSL_set_fd(ssl, fd) || !SSL_set_tlsext_host_name(ssl, name)) die("TLS");
  if (SSL_connect(ssl) == 1) {
    took = now() - began;
    if (SSL_session_reused(ssl)) die("the session was resumed");
    SSL_shutdown(ssl);
    while (read(fd, rest, sizeof rest) > 0) {
    }
  }
  ERR_clear_error();
  SSL_free(ssl);
  close(fd);
  return took;
}

static SSL_CTX* new_context(void) {
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  if (context == NULL || !SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION)) die("TLS");
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  return context;
}

static void do_handshakes(int port, long count, const char* pattern, long hosts) {
  SSL_CTX* context = new_context();
  for (long done = 0; done < count; done++) {
    const char* name = name_of(pattern, done % hosts);
    if (handshake(context, port, name) < 0) die(name);
  }
}

static void do_requests(int port, long count, const char* host) {
  char request[512];
  static char answer[BUFFER];
  int length = snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", host);
  int fd = open_connection(port);
  for (long done = 0; done < count; done++) {
    if (fd < 0 || write(fd, request, (size_t)length) != length) die("request");
    size_t have = 0;
    size_t want = 0;
    while (want == 0 || have < want) {
      ssize_t got = read(fd, answer + have, sizeof answer - 1 - have);
      if (got <= 0) {
        /* Both servers close after so many requests. */
        close(fd);
        fd = open_connection(port);
        break;
      }
      have += (size_t)got;
      answer[have] = 0;
      const char* body = strstr(answer, "\r\n\r\n");
      const char* size = strcasestr(answer, "\r\nContent-Length:");
      if (strncmp(answer, "HTTP/1.1 200", 12) != 0) die(answer);
      if (body != NULL && size != NULL)
        want = (size_t)(body - answer) + 4 + (size_t)atol(size + 17);
    }
    if (want == 0) done--;
  }
}

static int by_size(const void* left, const void* right) {
  double difference = *(const double*)left - *(const double*)right;
  return difference < 0 ? -1 : difference > 0;
}

static void watch_waits(int port, double pause, const char* pattern, long hosts) {
  static double waits[MOST_WAITS];
  long count = 0;
  long failures = 0;
  SSL_CTX* context = new_context();
  signal(SIGTERM, end);
  while (!ended && count < MOST_WAITS) {
    double began = now();
    const char* name = name_of(pattern, count % hosts);
    while (handshake(context, port, name) < 0 && !ended) {
      failures++;
      pause_for(0.001);
    }
    waits[count++] = now() - began;
    pause_for(pause);
  }
  qsort(waits, (size_t)count, sizeof waits[0], by_size);
  printf("%.3f %.3f %.3f %ld %ld\n", waits[count - 1] * 1000, waits[count * 99 / 100] * 1000,
         waits[count / 2] * 1000, count, failures);
}

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  const char* what = argc > 1 ? argv[1] : "";
  if (strcmp(what, "tls") == 0 && argc == 6) {
    do_handshakes(atoi(argv[2]), atol(argv[3]), argv[4], atol(argv[5]));
  } else if (strcmp(what, "http") == 0 && argc == 5) {
    do_requests(atoi(argv[2]), atol(argv[3]), argv[4]);
  } else if (strcmp(what, "wait") == 0 && argc == 6) {
    watch_waits(atoi(argv[2]), atof(argv[3]) / 1000, argv[4], atol(argv[5]));
  } else {
    fprintf(stderr, "load: see load.c\n");
    return 2;
  }
  return 0;
}
