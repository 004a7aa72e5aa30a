/* A client of the streaming endpoint for tests: blocking, over plain TCP, with time limits. */
#ifndef KL_RAWCLIENT_H
#define KL_RAWCLIENT_H

#include "buf.h"
#include "spdy.h"
#include "websocket.h"

enum { RAW_CHANNELS = 8 };

struct rawclient {
	int fd;
	int status;	    /* of the answer */
	struct kl_buf head; /* its head */
	struct kl_buf in;   /* received and not decoded yet */
	bool eof;
	/* streams */
	struct kl_spdy *spdy; /* NULL: WebSocket channels */
	bool tunnel;	      /* SPDY inside WebSocket messages */
	struct kl_ws_decoder ws;
	struct kl_buf channels[RAW_CHANNELS]; /* what came, by channel or by stream number / 2 */
	bool ended[RAW_CHANNELS];
	bool closed; /* WebSocket: a close frame came */
	int channel; /* of the message under way */
	int streams; /* opened, by SPDY */
};

/* Sends "METHOD target HTTP/1.1" with the extra header lines ("A: b\r\n") and reads the answer's head. */
void raw_open(struct rawclient *c, int port, const char *method, const char *target, const char *headers);
void raw_open_spdy(struct rawclient *c, int port, const char *target, const char *protocol);
/* subprotocol "SPDY/3.1+portforward.k8s.io" makes it a tunnel. */
void raw_open_websocket(struct rawclient *c, int port, const char *target, const char *subprotocol);
void raw_close(struct rawclient *c);
#define raw_auto kl_cleanup(raw_close) struct rawclient

/* Reads more into c->in; false at the end, or after a long time without anything. */
bool raw_read(struct rawclient *c);
void raw_read_all(struct rawclient *c);
/* Opens the next SPDY stream (1, 3, 5 …) of this type; port and id may be NULL. Returns its channel index: 0, 1, 2 … */
int raw_spdy_stream(struct rawclient *c, const char *type, const char *port, const char *id);
void raw_send(struct rawclient *c, int channel, const char *data);
void raw_end(struct rawclient *c, int channel); /* FIN; v5's close signal */
/* Reads and decodes until the channel's bytes contain text; false at the end of time. */
bool raw_expect(struct rawclient *c, int channel, const char *text);
bool raw_expect_end(struct rawclient *c, int channel);
/* Reads and decodes until nothing has come for half a second. */
void raw_settle(struct rawclient *c);

#endif
