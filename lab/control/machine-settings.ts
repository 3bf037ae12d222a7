/** What the control API is told of a machine's disk and clock, of time, of a host, of a router, and of Proxmox's token. */
import { z } from "zod";
import { hostChange, tokenSight } from "../world/host-conditions.ts";

const disk = z.strictObject({ usedPercent: z.int().min(0).max(100) });
const clock = z.strictObject({ offsetSeconds: z.int().min(-86_400).max(86_400) });
const time = z.strictObject({
  days: z.int().min(1).max(3650),
  states: z.record(z.string(), z.string()),
});

const router = z.strictObject({ stateful: z.boolean() });

/** How a router is: whether it keeps state, and drops what belongs to no connection. */
export type RouterChange = z.infer<typeof router>;

/** Thrown for a request's body that is not in form; fastify answers with the status. */
class BadRequest extends Error {
  readonly statusCode = 400;
}

function checked<T>(form: z.ZodType<T>, body: unknown): T {
  const parsed = form.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new BadRequest(z.prettifyError(parsed.error));
}

/** Use of the root disk in percent, 0 to 100. */
export const diskSetting = (body: unknown): z.infer<typeof disk> => checked(disk, body);

/** How far the clock is off, in seconds, at most a day. */
export const clockSetting = (body: unknown): z.infer<typeof clock> => checked(clock, body);

/** How many days pass, and the exported states of the stacks that get older with them, by name. */
export const timeSetting = (body: unknown): z.infer<typeof time> => checked(time, body);

/** How a Proxmox host is from now on. */
export const hostSetting = (body: unknown): z.infer<typeof hostChange> => checked(hostChange, body);

/** How a router is from now on. */
export const routerSetting = (body: unknown): RouterChange => checked(router, body);

/** What Proxmox's token may see from now on. */
export const tokenSetting = (body: unknown): z.infer<typeof tokenSight> =>
  checked(tokenSight, body);
