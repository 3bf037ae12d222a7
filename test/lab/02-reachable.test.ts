import assert from "node:assert/strict";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { ControlClient } from "../../lab/control/client.ts";
import { runAsVisitor } from "../../lab/shell/inside.ts";
import { attempt, kubectl, paths, run } from "./command.ts";
import { doctor, type Report } from "./doctor.ts";
import { keys } from "./outside.ts";
import { eventually } from "./site.ts";
import { asProgram, serviceToken, shown } from "./passes.ts";
import { given, siteIsUp } from "./states.ts";
import { devices, mailTo, tailscale, visit, type Visit } from "./world.ts";
import { words } from "./words.ts";

const typeo = "https://typeo.example.net/";
const login = "https://homelab.cloudflareaccess.com/cdn-cgi/access/login/typeo.example.net";

describe("from the internet", () => {
  given(siteIsUp);

  const jar = join(paths.run, "visitor-cookies");
  const cookies = [`cookie = "${jar}"`, `cookie-jar = "${jar}"`];
  beforeEach(() => rm(jar, { force: true }));

  it("a name leads through Access, tunnel and Service to a pod, for a program with a service token", async () => {
    const token = await serviceToken();
    const { items } = await kubectl<{
      items: { metadata: { name: string } }[];
    }>`--context home get pods -n typeo`;
    await eventually(30, async () => {
      const page = await visit(typeo, asProgram(token));
      assert.equal(page.status, 200, page.body);
      assert.ok(items.some(({ metadata }) => metadata.name === shown(page, "pod")));
      assert.equal(shown(page, "host"), "typeo.example.net");
    });
  });

  it("a visitor without an identity is sent to the login page", async () => {
    const { status, location } = await visit(typeo);
    assert.equal(status, 302);
    assert.ok(location?.startsWith(login), location);
  });

  it("a wrong service token, and an identity that somebody made up, open nothing", async () => {
    const { clientId } = await serviceToken();
    const wrong = await visit(typeo, asProgram({ clientId, clientSecret: "0".repeat(64) }));
    assert.ok(wrong.status === 403 || wrong.status === 302, String(wrong.status));
    const claimed = [
      'header = "Cf-Access-Authenticated-User-Email: admin@example.net"',
      'header = "Cookie: CF_Authorization=eyJhbGciOiJub25lIn0.eyJlbWFpbCI6ImFkbWluQGV4YW1wbGUubmV0In0."',
    ];
    const forged = await visit(typeo, claimed);
    assert.notEqual(forged.status, 200);
    assert.ok(!forged.body.includes('id="pod"'));
  });

  it("a person comes in with the code that was mailed, and is known to the application", async () => {
    const page = await logIn("family@example.net");
    assert.equal(page.status, 200, page.body);
    assert.equal(shown(page, "identity"), "family@example.net");
  });

  it("a person whom no policy admits gets no code", async () => {
    await askForCode("stranger@example.com");
    assert.deepEqual(await mailTo("stranger@example.com"), []);
  });

  it("a name two levels below the zone has no certificate, and ends in a TLS error", async () => {
    const name = "a.b.example.net";
    const { code, stderr } = await runAsVisitor(
      [
        ...["curl", "-sS", "--cacert", `${paths.ca}/bundle.pem`],
        ...["--connect-to", `${name}:443:typeo.example.net:443`, `https://${name}/`],
      ],
      { stdio: "capture" },
    );
    // curl's code for a certificate that does not hold for the name.
    assert.equal(code, 60, stderr);
  });

  it("names that nobody published and the home network are out of reach", async () => {
    const capture = { stdio: "capture" } as const;
    const absent = await runAsVisitor(words`curl -sS https://other.example.net/`, capture);
    assert.equal(absent.code, 6, absent.stderr);
    const inside = await runAsVisitor(words`curl -sSk -m 3 https://192.168.1.11:8006/`, capture);
    assert.notEqual(inside.code, 0);
  });

  it("keeps answering when the host of one tunnel end is lost", async () => {
    const token = await serviceToken();
    const { items } = await kubectl<{
      items: { metadata: { name: string }; spec: { nodeName: string } }[];
    }>`--context home get pods -n cloudflared`;
    const nodes = items.map(({ spec }) => spec.nodeName);
    assert.equal(new Set(nodes).size, 2, `both ends are on ${nodes.join(", ")}`);
    const [lost] = items;
    assert.ok(lost);
    const { name } = lost.metadata;
    await run`kubectl --context home delete pod -n cloudflared ${name} --wait=false`;
    const pages = await Promise.all([1, 2, 3].map(() => visit(typeo, asProgram(token))));
    for (const page of pages) assert.equal(page.status, 200);
  });

  /** The login page, asked for a code; gives the form's nonce. */
  async function askForCode(email: string): Promise<string> {
    const { location } = await visit(typeo, cookies);
    assert.ok(location);
    const query = new URL(location).searchParams;
    const fields = ["kid", "redirect_url"].map(
      (name) => `data-urlencode = "${name}=${query.get(name) ?? ""}"`,
    );
    const form = await visit(login, [...cookies, ...fields, `data-urlencode = "email=${email}"`]);
    const nonce = /name="nonce" value="([^"]+)"/.exec(form.body)?.[1];
    assert.ok(nonce, form.body);
    return nonce;
  }

  async function logIn(email: string): Promise<Visit> {
    const nonce = await askForCode(email);
    const mail = (await mailTo(email)).at(-1);
    const code = /code: (\d{6})/.exec(mail?.subject ?? "")?.[1];
    assert.ok(code, "no code was mailed");
    const verify =
      "https://homelab.cloudflareaccess.com/cdn-cgi/access/verify-code/typeo.example.net";
    const fields = [`data-urlencode = "nonce=${nonce}"`, `data-urlencode = "code=${code}"`];
    const back = await visit(verify, [...cookies, ...fields]);
    assert.ok(back.location, back.body);
    await visit(back.location, cookies);
    return visit(typeo, cookies);
  }
});

/** Where typeo answers inside the cluster. */
async function clusterAddress(): Promise<string> {
  const { items } = await kubectl<{
    items: { spec: { clusterIP: string; ports: { port: number }[] } }[];
  }>`--context home get services -n typeo`;
  const [service] = items;
  assert.ok(service);
  return `${service.spec.clusterIP}:${service.spec.ports[0]?.port ?? 80}`;
}

describe("from the LAN", () => {
  given(siteIsUp);

  // Of pods that the lab plays, which it holds to no policy. At home typeo's policy is silent to the LAN behind this address
  // too: 02-network-policy sees that of pods that are processes.
  it("a ClusterIP answers, as the site exposes its services", async () => {
    const address = await clusterAddress();
    assert.match(await run`curl -sS -m 10 http://${address}/`, /id="pod"/);
  });
});

describe("from the tailnet", () => {
  given(siteIsUp);

  it("a ClusterIP answers through the connector, whose pod forwards what it is sent", async () => {
    const { items } = await kubectl<{
      items: { status: { podIP: string }; metadata: { name: string } }[];
    }>`--context home get pods -n tailscale`;
    const connector = items.find(({ metadata }) => metadata.name.startsWith("ts-"));
    assert.ok(connector);
    const way = `http://${connector.status.podIP}:41641`;
    const address = await clusterAddress();
    const page = await run`curl -sS -m 10 --proxytunnel --proxy ${way} http://${address}/`;
    assert.match(page, /id="pod"/);
  });

  const routes = ["10.43.0.0/16", "10.42.0.0/16", "10.96.0.0/16", "192.168.1.0/24"];

  it("has every machine, the operator and the connector's two as devices with their tags", async () => {
    // The connector's second pod starts once the first is ready.
    await eventually(90, async () => {
      const seen = (await devices()).map(
        ({ hostname, tags }) => `${hostname} ${tags?.join() ?? ""}`,
      );
      assert.deepEqual(seen.sort(), [
        "home-operator tag:home-operator",
        "proxmox-stone tag:home-node",
        "proxmox-tank tag:home-node",
        "proxmox-titan tag:home-node",
        "proxmox-vault tag:home-node",
        "robbinsdale-connector-0 tag:home-connector",
        "robbinsdale-connector-1 tag:home-connector",
      ]);
    });
    const { items } = await kubectl<{
      items: { spec: { nodeName: string } }[];
    }>`--context home get pods -n tailscale -l tailscale.com/parent-resource-type=connector`;
    assert.equal(new Set(items.map(({ spec }) => spec.nodeName)).size, 2, "both on one host");
  });

  it("has the connector's routes and exit node approved by the policy", async () => {
    for (const name of ["robbinsdale-connector-0", "robbinsdale-connector-1"]) {
      const connector = (await devices()).find(({ hostname }) => hostname === name);
      const approved = new Set(connector?.enabledRoutes);
      assert.deepEqual(approved, new Set([...routes, "0.0.0.0/0", "::/0"]), name);
    }
    const { status } = await kubectl<{
      status: { conditions: { type: string; status: string }[] };
    }>`--context home get connector robbinsdale-connector-0`;
    assert.equal(status.conditions.find(({ type }) => type === "ConnectorReady")?.status, "True");
  });

  it("asks the site's own DNS for the site's names", async () => {
    const dns = await tailscale("GET", "tailnet/-/dns/split-dns");
    assert.deepEqual(JSON.parse(dns), { "home.arpa": ["192.168.1.1"] });
  });

  it("lets a key in once only", async () => {
    const text = await run`ssh proxmox-vault ls -a /run/homelab-tailscale.key 2>&1 || true`;
    assert.match(text, /No such file/);
    const machines = (await keys()).filter(({ description }) =>
      /^gen-\w+ proxmox-/.test(description),
    );
    assert.equal(machines.length, 4);
    assert.ok(machines.every(({ invalid }) => invalid === true));
  });

  it("takes a restarted machine's Tailscale for the same device", async () => {
    const before = (await devices()).find(({ hostname }) => hostname === "proxmox-vault")?.id;
    const { code } = await attempt`ssh proxmox-vault systemctl restart tailscaled`;
    assert.equal(code, 0);
    await eventually(30, async () => {
      const status = await run`ssh proxmox-vault tailscale status --json`;
      assert.equal((JSON.parse(status) as { BackendState: string }).BackendState, "Running");
    });
    const same = (await devices()).filter(({ hostname }) => hostname === "proxmox-vault");
    assert.deepEqual(
      same.map(({ id }) => id),
      [before],
    );
  });
});

describe("a client in the nodes' own LAN, whose router keeps state", () => {
  given(siteIsUp);

  const control = new ControlClient(paths.control);

  after(async () => {
    await control.setRouter("home", { stateful: false });
  });

  it("opens connections to a load balancer and hears nothing, which the doctor explains", async () => {
    const [answers] = balancers(await doctor());
    assert.ok(answers?.severity === "ok", "no load balancer answers");
    const [address = ""] = answers.text.split(" ");
    const open = `exec 3<>/dev/tcp/${address.replace(":", "/")}; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; read -t 3 -u 3`;
    assert.notEqual((await attempt`bash -c ${open}`).code, 142);
    await control.setRouter("home", { stateful: true });
    // The first half of the handshake passes: the connection is there, and nothing that follows gets through.
    const { code } = await attempt`bash -c ${open}`;
    assert.equal(code, 142, "reading did not end for want of an answer");
    const [silent] = balancers(await doctor());
    assert.equal(silent?.severity, "warning");
    assert.match(silent.text, /does not answer this workstation: no answer within 5 s/);
    assert.match(silent.remedy, /a router that keeps state .*docs\/router\.md/);
  });

  it("is answered again where the router lets such packets be", async () => {
    await control.setRouter("home", { stateful: false });
    const [answers] = balancers(await doctor());
    assert.equal(answers?.severity, "ok");
  });
});

/** What a doctor has found of a load balancer that was tried. */
const balancers = ({ findings }: Report) =>
  findings.filter(({ subject }) => subject.startsWith("load balancer "));
