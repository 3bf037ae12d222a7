import assert from "node:assert/strict";
import type { Recording } from "../../recorder.ts";
import { everything } from "./gateway-objects.ts";
import { recordedHome } from "./home-recording.ts";

/** What has finalizers, or a namespace of it, and the release of the controller that alone takes them off. */
const outlived: readonly (readonly [object: string, controller: string])[] = [
  ["robbinsdale-connector-0", "tailscale-operator"],
  ["home-gateway-namespace", "tailscale-operator"],
  ["gateway-class", "envoy-gateway"],
  ["gateway-lan", "gateway-class"],
  ["route-photos-route", "gateway-lan"],
  ["rook-ceph-cluster", "rook-ceph-cluster-gone-command"],
  ["rook-ceph-cluster-gone-command", "ceph-csi-drivers"],
  ["ceph-csi-drivers", "rook-ceph"],
  ["letsencrypt-production-issuer", "cert-manager"],
];

/** In a destroy, what waits for another goes before it. docs/definitions.md has the finalizers. */
describe("the teardown of a site", () => {
  let site: Recording;
  before(async () => {
    site = await recordedHome({ ...everything, storage: undefined });
  });

  for (const [object, controller] of outlived)
    it(`takes ${object} away before ${controller}`, () => {
      for (const name of [object, controller]) site.get(name);
      assert.ok(site.waitsFor(object).has(controller));
    });
});
