#include "net/fetch_retry.h"

#include <string.h>

#include "base/str.h"
#include "net/fetch_watch.h"

/* RFC 9110 section 15, RFC 6585, RFC 8470. The servers in front of others have 5xx of their own for one that they do
 * not reach (520 to 530, 598, 599): a server's trouble passes, but for what it says that it will never do. */
static bool status_may_pass(int status)
{
	static const int passing[] = {408, 421, 425, 429}, lasting[] = {501, 505, 506, 508, 510, 511};
	for (size_t i = 0; i < ARRAY_LEN(passing); i++)
		if (status == passing[i])
			return true;
	for (size_t i = 0; i < ARRAY_LEN(lasting); i++)
		if (status == lasting[i])
			return false;
	return status >= 500 && status <= 599;
}

bool fetch_may_retry(const struct fetch_trouble *t)
{
	static const enum fetch_cause causes[] = {FETCH_DNS,   FETCH_CONNECT, FETCH_SHORT,   FETCH_BROKEN, FETCH_HTTP2,
						  FETCH_STALL, FETCH_SLOW,    FETCH_SILENCE, FETCH_RANGE};
	if (t->cause == FETCH_STATUS)
		return status_may_pass(t->status);
	for (size_t i = 0; i < ARRAY_LEN(causes); i++)
		if (t->cause == causes[i])
			return true;
	return false;
}

int64_t fetch_backoff_ms(int tries, int64_t base_ms, int64_t wait_s, uint32_t random)
{
	int doublings = tries < 1 ? 0 : tries > 7 ? 6 : tries - 1;
	int64_t ceiling = base_ms << doublings;
	int64_t floor_s = wait_s < 0 ? 0 : wait_s > FETCH_WAIT_MAX_S ? FETCH_WAIT_MAX_S : wait_s;
	return floor_s * 1000 + (ceiling > 0 ? (int64_t)(random % (uint32_t)ceiling) : 0);
}

static bool has(const char *text, const char *part)
{
	return text && strstr(text, part);
}

static struct err *explain_tls(const struct fetch_trouble *t)
{
	const char *r = t->reason;
	if (has(r, "expired"))
		return err_hint(err_new(ERR_NET, "the certificate of %s has expired", t->origin),
				"check this computer's clock; otherwise only the server's owner can help");
	if (has(r, "not yet valid"))
		return err_hint(err_new(ERR_NET, "the certificate of %s is not valid yet", t->origin),
				"check this computer's clock");
	if (has(r, "subject name") || has(r, "does not match") || has(r, "ostname mismatch") ||
	    has(r, "IP address mismatch"))
		return err_hint(err_new(ERR_NET, "the certificate of %s is for another name", t->origin),
				"check the URL; a network with a login page may be answering in its place");
	if (has(r, "issuer") || has(r, "self-signed") || has(r, "self signed") || has(r, "unknown ca"))
		return err_hint(err_new(ERR_NET, "the certificate of %s is signed by an unknown authority", t->origin),
				"behind a proxy that inspects TLS, set SSL_CERT_FILE to a bundle that contains its "
				"certificate%s%s",
				t->ca ? "; now in use: " : "", t->ca ? t->ca : "");
	return err_hint(
		err_new(ERR_NET, "no secure connection to %s: %s", t->origin, r ? r : "the handshake failed"),
		"behind a proxy that inspects TLS, set SSL_CERT_FILE to a bundle that contains its certificate");
}

static struct err *explain_status(const struct fetch_trouble *t)
{
	switch (t->status) {
	case 404:
	case 410:
		return err_hint(err_new(ERR_NET, "the server does not have it (HTTP %d)", t->status),
				"it may have been superseded: check the URL, or where cooper.lock pins it delete the "
				"entry there and run cooper up");
	case 401:
	case 403:
		return err_hint(err_new(ERR_NET, "%s denied access (HTTP %d)", t->origin, t->status),
				"where it needs a login, put one for that host into ~/.netrc");
	case 407:
		return err_hint(err_new(ERR_NET, "the proxy requires a login (HTTP 407)"),
				"put it into the proxy's URL: https_proxy=http://user:password@host:port");
	case 429:
		return err_hint(err_new(ERR_NET, "%s received too many requests from this host (HTTP 429)", t->origin),
				"wait for a while, then run the same command again");
	case 511:
		return err_hint(err_new(ERR_NET, "the network requires a login (HTTP 511)"),
				"open any page in a browser and log in, then run the same command again");
	default:
		return err_hint(err_new(ERR_NET, "%s answered HTTP %d", t->origin, t->status),
				t->status >= 500 ? "the server has a problem: run the same command again later"
						 : "check the URL");
	}
}

static struct err *explain_size(const struct fetch_trouble *t)
{
	struct err *e = t->cause == FETCH_LENGTH
				? err_new(ERR_CORRUPT, "the server announces %lld bytes instead of %lld",
					  (long long)t->bytes, (long long)t->limit)
				: err_new(ERR_CORRUPT, "more than the expected %lld bytes came", (long long)t->limit);
	return err_hint(e, "nothing was stored; it is not the pinned file: check URL and size");
}

static struct err *explain_broken(const struct fetch_trouble *t)
{
	struct err *e = NULL;
	if (t->cause == FETCH_STALL)
		e = err_new(ERR_NET, "%s sent almost nothing for %lld s", t->origin, (long long)t->seconds);
	else if (t->cause == FETCH_SILENCE)
		e = err_new(ERR_NET, "%s sent nothing for %lld s", t->origin, (long long)t->seconds);
	else if (t->cause == FETCH_SLOW)
		e = err_new(ERR_NET, "%s sent less than %d bytes a second for %lld s", t->origin, WATCH_FLOOR_BYTES,
			    (long long)t->seconds);
	else if (t->cause == FETCH_SHORT && t->limit >= 0)
		e = err_new(ERR_NET, "the transfer ended after %lld of %lld bytes", (long long)t->bytes,
			    (long long)t->limit);
	else if (t->cause == FETCH_SHORT)
		e = err_new(ERR_NET, "the transfer ended early, after %lld bytes", (long long)t->bytes);
	else
		e = err_new(ERR_NET, "the connection to %s broke: %s", t->origin,
			    t->reason ? t->reason : "no reason given");
	return err_hint(e, "run the same command again: it resumes where it stopped");
}

struct err *fetch_explain(const struct fetch_trouble *t)
{
	const char *reason = t->reason ? t->reason : "no reason given";
	switch (t->cause) {
	case FETCH_DNS:
		return err_hint(err_new(ERR_NET, "the name in %s cannot be found: %s", t->origin, reason),
				"check the network and the name, then run the same command again");
	case FETCH_CONNECT:
		return err_hint(err_new(ERR_NET, "no connection to %s: %s", t->origin, reason),
				"check the network; where a proxy is needed set https_proxy and http_proxy");
	case FETCH_PROXY:
		return err_hint(
			err_new(ERR_NET, "the proxy refused the connection to %s: %s", t->origin, reason),
			"check https_proxy, http_proxy (with a login: http://user:password@host:port) and no_proxy");
	case FETCH_TLS:
		return explain_tls(t);
	case FETCH_CA_FILE:
		return err_hint(
			err_new(ERR_NET, "the certificate bundle '%s' cannot be used: %s", t->ca ? t->ca : "?", reason),
			"correct or unset %s", t->ca_env ? t->ca_env : "SSL_CERT_FILE");
	case FETCH_STATUS:
		return explain_status(t);
	case FETCH_SHORT:
	case FETCH_BROKEN:
	case FETCH_HTTP2:
	case FETCH_STALL:
	case FETCH_SILENCE:
	case FETCH_SLOW:
		return explain_broken(t);
	case FETCH_TOO_LONG:
	case FETCH_LENGTH:
		return explain_size(t);
	case FETCH_RANGE:
		return err_hint(
			err_new(ERR_NET,
				"the server answered with a part of the file that was not asked for (HTTP 206)"),
			"run the same command again, or use another URL");
	case FETCH_HEADERS:
		return err_hint(err_new(ERR_NET, "the server's header has no end"),
				"check the URL, or use another one");
	case FETCH_HOST:
		return err_hint(err_os(t->errnum, "cannot begin the transfer from %s", t->origin),
				"this host is at a limit: close other programs, or raise it (`ulimit -a`)");
	case FETCH_FILE:
		return err_hint(err_new(ERR_OS, "the file cannot be read"), "check its permissions and the disk");
	case FETCH_NO_CAUSE:
	case FETCH_REDIRECT:
	case FETCH_OTHER:
		break;
	}
	return err_hint(err_new(ERR_NET, "%s", reason),
			"check the URL and the network, then run the same command again");
}
