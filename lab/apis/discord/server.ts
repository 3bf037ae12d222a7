import { json, part, WebError, type WebRoute } from "../web/exchange.ts";
import { openWeb, type Web, type WebOptions } from "../web/server.ts";

/** The one channel of the lab's server at Discord, and its webhook. */
export interface DiscordOptions extends WebOptions {
  readonly channel: string;
  readonly webhook: { readonly id: string; readonly token: string };
  /** Token of the bot that reads the channel. */
  readonly bot: string;
}

/** A message, as far as webhooks of programs make it. */
interface Message {
  readonly id: string;
  readonly content: string;
  readonly embeds: readonly unknown[];
}

/** Messages that a channel shows at once by default. */
const shown = 50;

/**
 * A channel of Discord: its webhook takes messages in JSON, and a bot reads them, the newest first. No other rights, files,
 * threads or limits of rate; a restart forgets the messages.
 * @see https://discord.com/developers/docs/resources/webhook#execute-webhook
 * @see https://discord.com/developers/docs/resources/message#get-channel-messages
 * @throws when the address cannot be listened at.
 */
export function createDiscord(options: DiscordOptions): Promise<Web> {
  const messages: Message[] = [];
  return openWeb(
    {
      name: "discord",
      routes: [webhookRoute(options, messages), channelRoute(options, messages)],
      notFound: () => new WebError(404, "404: Not Found"),
      answerError: ({ status, message }) => json({ message, code: 0 }, { status }),
    },
    options,
  );
}

function webhookRoute({ webhook }: DiscordOptions, messages: Message[]): WebRoute {
  return {
    ...{ method: "POST", url: "/api/webhooks/:id/:token" },
    handle: (request) => {
      if (part(request, "id") !== webhook.id) throw new WebError(404, "Unknown Webhook");
      if (part(request, "token") !== webhook.token)
        throw new WebError(401, "Invalid Webhook Token");
      const { content = "", embeds = [] } = message(request.body.toString("utf8"));
      if (content === "" && embeds.length === 0)
        throw new WebError(400, "Cannot send an empty message");
      messages.unshift({ id: String(messages.length + 1), content, embeds });
      return { status: 204 };
    },
  };
}

function channelRoute({ channel, bot }: DiscordOptions, messages: readonly Message[]): WebRoute {
  return {
    ...{ method: "GET", url: "/api/v10/channels/:channel/messages" },
    handle: (request) => {
      if (request.headers.authorization !== `Bot ${bot}`)
        throw new WebError(401, "401: Unauthorized");
      if (part(request, "channel") !== channel) throw new WebError(404, "Unknown Channel");
      return json(messages.slice(0, shown));
    },
  };
}

function message(body: string): Partial<Message> {
  try {
    return JSON.parse(body) as Partial<Message>;
  } catch {
    throw new WebError(400, "The request body contains invalid JSON.");
  }
}
