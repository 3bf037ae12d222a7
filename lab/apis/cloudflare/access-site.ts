/** Pages of Access: login on the team's domain, and `/cdn-cgi/access` on every public name. */
import { safeTarget, applicationOf, type AccessLogins, type Destination } from "./access-login.ts";
import { identityCookie } from "./access-gate.ts";
import type { AccessTokens } from "./access-tokens.ts";
import { secondsOf } from "./durations.ts";
import { escapeHtml, page } from "./edge-page.ts";
import type { AccessApplication, CloudflareWorld } from "./world.ts";

/** An answer of the edge itself. */
export interface PageAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A request for one of the pages; `form` has the fields of a POST. */
export interface PageRequest {
  readonly method: string;
  readonly url: URL;
  readonly form: URLSearchParams;
  readonly ip: string;
}

const root = "/cdn-cgi/access";

export interface AccessSite {
  /** The team's domain: login, PIN, certificates, logout. */
  team(request: PageRequest): PageAnswer;
  /** A public name: the way back from the login, certificates, logout. */
  host(request: PageRequest): Promise<PageAnswer>;
}

export function accessSite(
  world: () => CloudflareWorld,
  tokens: AccessTokens,
  logins: AccessLogins,
): AccessSite {
  return {
    team: (request) => {
      const { method, url, form } = request;
      const [, step, host = ""] = /^\/cdn-cgi\/access\/(login|verify-code)\/([^/]+)$/.exec(
        url.pathname,
      ) ?? ["", ""];
      if (step === "login") {
        const fields = method === "POST" ? form : url.searchParams;
        const destination = destinationOf(host, fields);
        const application = applicationOf(world(), destination);
        if (application === undefined) return missing();
        if (method !== "POST") return emailForm(application, destination);
        const email = form.get("email") ?? "";
        if (!/^[^@\s]+@[^@\s]+$/.test(email.trim()))
          return emailForm(application, destination, "Enter a valid e-mail address.");
        return codeForm(host, logins.begin(world(), destination, email, request.ip));
      }
      if (step === "verify-code" && method === "POST") {
        const nonce = form.get("nonce") ?? "";
        const done = logins.verify(nonce, form.get("code") ?? "");
        if (done === undefined)
          return codeForm(host, nonce, "That code is not valid. Ask for another if it is old.");
        const query = new URLSearchParams({ nonce: done.code });
        return redirect(`https://${done.destination.host}${root}/authorized?${query.toString()}`);
      }
      return common(url.pathname);
    },
    host: async ({ url }) => {
      if (url.pathname !== `${root}/authorized`) return common(url.pathname);
      const code = url.searchParams.get("nonce") ?? "";
      const arrived = logins.arrive(world(), url.hostname, code);
      if (arrived === undefined)
        return html(400, page("Invalid login session", "<p>Open the application again.</p>"));
      const { application, email, target } = arrived;
      const token = await tokens.issue(application, { email });
      const age = secondsOf(application.sessionDuration);
      const cookie = `${identityCookie}=${token}; Path=${cookiePath(application)}; Max-Age=${age}; Secure; HttpOnly; SameSite=Lax`;
      return redirect(target, { "set-cookie": cookie });
    },
  };

  function common(path: string): PageAnswer {
    if (path === `${root}/certs`) return json(tokens.certificates);
    if (path === `${root}/logout`) {
      const gone = `${identityCookie}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax`;
      return html(200, page("You are logged out", ""), { "set-cookie": gone });
    }
    return missing();
  }
}

function destinationOf(host: string, fields: URLSearchParams): Destination {
  const target = safeTarget(fields.get("redirect_url") ?? undefined);
  return { host: host.toLowerCase(), aud: fields.get("kid") ?? "", target };
}

/** Applications on paths of one host have a cookie each. */
function cookiePath(application: AccessApplication): string {
  const slash = application.domain.indexOf("/");
  return slash < 0 ? "/" : application.domain.slice(slash).replace(/\*$/, "");
}

function emailForm(
  application: AccessApplication,
  { host, aud, target }: Destination,
  complaint?: string,
): PageAnswer {
  const content = [
    complaint === undefined ? "" : `<p role="alert">${escapeHtml(complaint)}</p>`,
    `<form method="post" action="${root}/login/${escapeHtml(host)}">`,
    `<input type="hidden" name="kid" value="${escapeHtml(aud)}">`,
    `<input type="hidden" name="redirect_url" value="${escapeHtml(target)}">`,
    '<label>E-mail <input type="email" name="email" required></label>',
    "<button>Send me a code</button></form>",
  ].join("\n");
  return html(complaint === undefined ? 200 : 400, page(`Log in to ${application.name}`, content));
}

function codeForm(host: string, nonce: string, complaint?: string): PageAnswer {
  const content = [
    complaint === undefined
      ? "<p>If the address may log in, a code has been sent to it.</p>"
      : `<p role="alert">${escapeHtml(complaint)}</p>`,
    `<form method="post" action="${root}/verify-code/${escapeHtml(host)}">`,
    `<input type="hidden" name="nonce" value="${escapeHtml(nonce)}">`,
    '<label>Code <input name="code" inputmode="numeric" autocomplete="one-time-code" required></label>',
    "<button>Log in</button></form>",
  ].join("\n");
  return html(complaint === undefined ? 200 : 400, page("Enter your code", content));
}

function html(status: number, body: string, headers: Record<string, string> = {}): PageAnswer {
  return {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-frame-options": "DENY",
      ...headers,
    },
    body,
  };
}

function json(value: unknown): PageAnswer {
  return {
    status: 200,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(value),
  };
}

function redirect(location: string, headers: Record<string, string> = {}): PageAnswer {
  return { status: 302, headers: { location, "cache-control": "no-store", ...headers }, body: "" };
}

function missing(): PageAnswer {
  return html(404, page("Not found", "<p>Access has no such page or application.</p>"));
}
