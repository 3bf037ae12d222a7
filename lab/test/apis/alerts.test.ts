import assert from "node:assert/strict";
import { createDiscord } from "../../apis/discord/server.ts";
import { createHealthchecks } from "../../apis/healthchecks/server.ts";
import type { Web } from "../../apis/web/server.ts";
import { alertsChannel, heartbeatCheck } from "../../world/inventory.ts";
import { selfSigned } from "./certificate.ts";
import { httpsRequest, type Answer } from "./https-request.ts";

const tls = selfSigned();
const local = { address: "127.0.0.1", port: 0, tls };

const send = (
  { port }: Web,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: string,
): Promise<Answer> =>
  httpsRequest({ host: "127.0.0.1", port, rejectUnauthorized: false, method, path, headers }, body);

describe("Healthchecks.io of the lab", () => {
  let service: Web;
  beforeEach(async () => {
    service = await createHealthchecks({ ...local, ...heartbeatCheck });
  });
  afterEach(() => service.close());

  const ping = (check: string): Promise<Answer> =>
    send(service, "POST", `/${check}`, { host: "hc-ping.com" });
  const api = (method = "GET", body?: string, key: string = heartbeatCheck.apiKey) =>
    send(
      service,
      method,
      `/api/v3/checks/${heartbeatCheck.check}`,
      { host: "healthchecks.io", "x-api-key": key },
      body,
    );
  const state = async (): Promise<unknown> =>
    (JSON.parse((await api()).body.toString()) as { status: unknown }).status;

  it("takes a ping for the check that it names, and is polite about any other", async () => {
    assert.equal(await state(), "new");
    assert.equal((await ping("other")).body.toString(), "OK (not found)");
    assert.equal(await state(), "new");
    assert.equal((await ping(heartbeatCheck.check)).body.toString(), "OK");
    assert.equal(await state(), "up");
  });

  it("shows the check to those with its key, and takes no time that the real one refuses", async () => {
    assert.equal((await api("GET", undefined, "wrong")).status, 401);
    assert.equal((await api("POST", '{"timeout": 59}')).status, 400);
    assert.equal((await api("POST", '{"schedule": "* * * * *"}')).status, 400);
    assert.equal((await api("POST", '{"timeout": 60, "grace": 60}')).status, 200);
  });
});

describe("Discord of the lab", () => {
  let service: Web;
  beforeEach(async () => {
    service = await createDiscord({ ...local, ...alertsChannel });
  });
  afterEach(() => service.close());

  const { id, token } = alertsChannel.webhook;
  const tell = (body: string, path = `/api/webhooks/${id}/${token}`): Promise<Answer> =>
    send(service, "POST", path, { host: "discord.com" }, body);

  it("takes messages by the webhook alone, and shows them to the bot, the newest first", async () => {
    assert.equal((await tell('{"content": "one"}')).status, 204);
    assert.equal((await tell('{"embeds": [{"title": "two"}]}')).status, 204);
    assert.equal((await tell("{}")).status, 400);
    assert.equal((await tell('{"content": "x"}', `/api/webhooks/${id}/wrong`)).status, 401);
    const read = (bot: string): Promise<Answer> =>
      send(service, "GET", `/api/v10/channels/${alertsChannel.channel}/messages`, {
        ...{ host: "discord.com", authorization: `Bot ${bot}` },
      });
    assert.equal((await read("stranger")).status, 401);
    const said = JSON.parse((await read(alertsChannel.bot)).body.toString()) as object[];
    assert.match(JSON.stringify(said), /two.*one/);
  });
});
