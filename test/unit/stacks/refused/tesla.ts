import { teslaSite } from "../tesla-site.ts";
import type { RefusedSites } from "./index.ts";

const path = "homelab:tesla";

/** Telemetry that no vehicle would find, that has nowhere to keep records, or that asks for what vehicles do not know. */
export const tesla: RefusedSites = {
  "telemetry of Tesla without Kafka": {
    edit: { ...teslaSite(), kafka: undefined },
    at: "homelab:kafka",
    says: /homelab:tesla needs it: it keeps the records of vehicles in topics/,
  },
  "telemetry of Tesla without what starts it anew": {
    edit: { ...teslaSite(), "reloader.enabled": false, "onePassword.operator": undefined },
    at: "homelab:reloader",
    says: /homelab:tesla needs it: it starts the server anew with a renewed certificate/,
  },
  "records of Tesla for a Kafka that there is not": {
    edit: teslaSite({ kafka: "other" }),
    at: `${path}.kafka`,
    says: /other is no cluster of homelab:kafka, .* known are main/,
  },
  "a user of Kafka that is Tesla's": {
    edit: { ...teslaSite(), kafka: { clusters: { main: { users: { tesla: {} } } } } },
    at: "homelab:kafka.clusters.main.users.tesla",
    says: /is the user of homelab:tesla, which makes it; use another name/,
  },
  "a server of Tesla's outside of the zone": {
    edit: teslaSite({ hostname: "telemetry.home.arpa" }),
    at: `${path}.publicAddress`,
    says: /telemetry\.home\.arpa is not in example\.net of homelab:edge\.zone/,
  },
  "a home that the internet does not reach": {
    edit: teslaSite({ publicAddress: "192.168.1.1" }),
    at: `${path}.publicAddress`,
    says: /192\.168\.1\.1 is no address of the internet/,
  },
  "a public key of Tesla's for which nobody has a certificate": {
    edit: teslaSite({
      key: { hostname: "a.b.example.net", privateKey: "op://Homelab/Tesla/private-key" },
    }),
    at: `${path}.key.hostname`,
    says: /more than one label before example\.net/,
  },
  "a public key of Tesla's where an application is": {
    edit: teslaSite({
      key: { hostname: "typeo.example.net", privateKey: "op://Homelab/Tesla/private-key" },
    }),
    at: `${path}.key.hostname`,
    says: /typeo\.example\.net is published twice|typeo\.example\.net is already homelab:apps\.typeo\.hostname/,
  },
  "one name for vehicles and for the key": {
    edit: teslaSite({ hostname: "tesla.example.net" }),
    at: `${path}.key.hostname`,
    says: /tesla\.example\.net is already homelab:tesla\.hostname/,
  },
  "an address of Tesla's server that nobody announces": {
    edit: teslaSite({ address: "10.97.0.83" }),
    at: `${path}.address`,
    says: /10\.97\.0\.83 is not given away by 10\.96\.0\.0\/16/,
  },
  "an address of Tesla's server that the gateway has": {
    edit: teslaSite({ address: "10.96.0.80" }),
    at: `${path}.address`,
    says: /10\.96\.0\.80 is homelab:gateway\.lan\.address already/,
  },
  "a vehicle twice": {
    edit: teslaSite({ vehicles: { a: "5YJ30000000000001", b: "5YJ30000000000001" } }),
    at: `${path}.vehicles.b`,
    says: /is the vehicle a already/,
  },
  "a vehicle by its name alone": {
    edit: teslaSite({ vehicles: { "model-y": "OLD-CAR" } }),
    at: `${path}.vehicles.model-y`,
    says: /the 17 capitals and digits of a vehicle identification number/,
  },
  "no vehicle": {
    edit: teslaSite({ vehicles: {} }),
    at: `${path}.vehicles`,
    says: /name at least one vehicle/,
  },
  "a signal that is written otherwise": {
    edit: teslaSite({ signals: { SOC: { everySeconds: 60 } } }),
    at: `${path}.signals.SOC`,
    says: /is no signal of Tesla's list; is it Soc\?/,
  },
  "a signal that no vehicle knows": {
    edit: teslaSite({ signals: { Happiness: { everySeconds: 60 } } }),
    at: `${path}.signals.Happiness`,
    says: /is no signal of Tesla's list docs|is no signal of Tesla's list[^;]*docs\/apps\/tesla\.md/,
  },
  "signals more often than vehicles send": {
    edit: teslaSite({ signals: { Soc: { everySeconds: 0 } } }),
    at: `${path}.signals.Soc.everySeconds`,
    says: /use 1 to 86400 whole seconds/,
  },
  "the private key of Tesla's in the clear": {
    edit: teslaSite({
      key: { hostname: "tesla.example.net", privateKey: "-----BEGIN EC PRIVATE KEY-----" },
    }),
    at: `${path}.key.privateKey`,
    says: /use a reference: op:/,
  },
};
