const ofTailnet = [
  ...["acl/preview", "users", "user-invites", "contacts", "contacts/*", "webhooks"],
  ...["logging/*", "aws-external-id", "aws-external-id/*", "posture/integrations"],
  ...["services", "services/*", "vip-services", "vip-services/*", "device-attributes"],
];

const ofDevice = ["expire", "ip", "attributes", "attributes/*", "device-invites"];

/** Calls that Tailscale's API has and the lab does not, below `/api/v2`: answered with 501. */
export const unsupportedUrls: readonly string[] = [
  ...ofTailnet.map((path) => `/tailnet/:tailnet/${path}`),
  ...ofDevice.map((path) => `/device/:id/${path}`),
  ...["/users/*", "/user-invites/*", "/device-invites/*", "/webhooks/*", "/posture/*"],
];
