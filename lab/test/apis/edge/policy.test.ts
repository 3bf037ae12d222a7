import assert from "node:assert/strict";
import { decide } from "../../../apis/cloudflare/access-policy.ts";
import { secondsOf } from "../../../apis/cloudflare/durations.ts";
import { AccessLogins, type Mail } from "../../../apis/cloudflare/access-login.ts";
import { application, FakeWorld, policy } from "./fake-world.ts";

const ada = { ip: "198.51.100.7", email: "ada@example.net" };
const stranger = { ip: "198.51.100.7" };
const program = { ip: "198.51.100.7", serviceToken: "t1" };

describe("Access policies", () => {
  const byEmail = policy("allow", { email: { email: "Ada@example.net" } });

  it("ask a stranger for an identity and refuse one that no policy admits", () => {
    const app = application("a.example.net", byEmail);
    assert.equal(decide(app, stranger), "login");
    assert.equal(decide(app, ada), "allow");
    assert.equal(decide(app, { ...ada, email: "eve@example.net" }), "forbidden");
  });

  it("are tried in order, and an exclusion or a missing requirement unfits one", () => {
    const deny = policy("deny", { email: { email: "ada@example.net" } });
    assert.equal(decide(application("a", deny, byEmail), ada), "forbidden");
    assert.equal(decide(application("a", byEmail, deny), ada), "allow");
    const domain = policy("allow", { email_domain: { domain: "example.net" } });
    assert.equal(decide(application("a", domain), ada), "allow");
    const excluding = { ...domain, exclude: [{ email: { email: "ada@example.net" } }] };
    assert.equal(decide(application("a", excluding), ada), "forbidden");
    const requiring = { ...domain, require: [{ ip: { ip: "192.0.2.0/24" } }] };
    assert.equal(decide(application("a", requiring), ada), "forbidden");
    assert.equal(decide(application("a", requiring), { ...ada, ip: "192.0.2.9" }), "allow");
    assert.equal(
      decide(application("a", domain), { ...ada, email: "a@notexample.net" }),
      "forbidden",
    );
  });

  it("let service tokens and bypasses through before people", () => {
    const service = policy("non_identity", { service_token: { token_id: "t1" } });
    assert.equal(decide(application("a", byEmail, service), program), "service");
    assert.equal(decide(application("a", byEmail, service), stranger), "login");
    const other = policy("non_identity", { service_token: { token_id: "t2" } });
    assert.equal(decide(application("a", other), program), "login");
    const any = policy("non_identity", { any_valid_service_token: {} });
    assert.equal(decide(application("a", any), program), "service");
    const everyone = policy("bypass", { everyone: {} });
    assert.equal(decide(application("a", byEmail, everyone), stranger), "bypass");
    assert.equal(
      decide(application("a", policy("non_identity", { everyone: {} })), stranger),
      "login",
    );
  });

  it("refuse everybody when one has a rule that the lab does not know", () => {
    const geo = policy("deny", { geo: { country_code: "XX" } });
    assert.equal(decide(application("a", byEmail, geo), ada), "forbidden");
    const wrong = policy("bypass", { ip: { ip: "everywhere" } });
    assert.equal(decide(application("a", wrong), ada), "forbidden");
  });

  it("give sessions their documented length", () => {
    assert.equal(secondsOf("24h"), 86_400);
    assert.equal(secondsOf("1h30m"), 5400);
    assert.throws(() => secondsOf("1 day"), /1 day.*use hours/);
  });
});

describe("One-time PINs", () => {
  const destination = { host: "a.example.net", aud: "", target: "/play?x=1" };
  let mails: Mail[] = [];
  let clock = 0;
  const world = new FakeWorld();
  const app = application("a.example.net", policy("allow", { email: { email: ada.email } }));
  world.applications = [app];
  const begin = (logins: AccessLogins, email: string): { nonce: string; pin: string } => {
    mails = [];
    const nonce = logins.begin(world, { ...destination, aud: app.aud }, email, ada.ip);
    return { nonce, pin: /code: (\d{6})$/.exec(mails[0]?.subject ?? "")?.[1] ?? "" };
  };
  const fresh = (): AccessLogins =>
    new AccessLogins(
      (mail) => mails.push(mail),
      () => clock,
    );

  it("reach only addresses that a policy could admit", () => {
    const logins = fresh();
    assert.match(begin(logins, " Ada@Example.net ").pin, /^\d{6}$/);
    assert.equal(mails[0]?.to, "ada@example.net");
    const eve = begin(logins, "eve@example.net");
    assert.equal(mails.length, 0);
    assert.equal(logins.verify(eve.nonce, ""), undefined);
  });

  it("work once, within ten minutes, and not after five wrong ones", () => {
    const logins = fresh();
    const first = begin(logins, ada.email);
    assert.ok(logins.verify(first.nonce, first.pin));
    assert.equal(logins.verify(first.nonce, first.pin), undefined);
    const late = begin(logins, ada.email);
    clock += 600_001;
    assert.equal(logins.verify(late.nonce, late.pin), undefined);
    const guessed = begin(logins, ada.email);
    for (let i = 0; i < 5; i += 1) logins.verify(guessed.nonce, "no");
    assert.equal(logins.verify(guessed.nonce, guessed.pin), undefined);
  });

  it("lead back to their own host, once", () => {
    const logins = fresh();
    const { nonce, pin } = begin(logins, ada.email);
    const code = logins.verify(nonce, pin)?.code ?? "";
    assert.equal(logins.arrive(world, app.domain, code)?.target, "/play?x=1");
    assert.equal(logins.arrive(world, app.domain, code), undefined);
    const second = begin(logins, ada.email);
    const other = logins.verify(second.nonce, second.pin)?.code ?? "";
    assert.equal(logins.arrive(world, "b.example.net", other), undefined);
  });
});
