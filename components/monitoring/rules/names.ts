import { expiryDays } from "../../certificates/expiry.ts";
import { namesJob } from "../probes/plan.ts";
import type { AlertGroup } from "./alert.ts";

const strangers = `job="${namesJob}",as="stranger"`;

/** Names of which a stranger got an answer that is none of Access'. Who is told to wait learns nothing. */
const open =
  `max by (host) ((probe_http_status_code{${strangers}} >= 200 < 500 != 429) ` +
  `and probe_success{${strangers}} == 0)`;

/** Names that do not answer as they should, by whom they are for and who asked. */
export const unanswered = `min by (host, to, as) (probe_success{job="${namesJob}"}) == 0`;

/** Alerts on the names by which the site is reached. */
export const nameAlerts: AlertGroup = {
  name: "names",
  alerts: [
    {
      name: "NameDown",
      severity: "warning",
      expression: `${unanswered} unless on (host) ${open}`,
      for: "5m",
      summary: "{{ $labels.host }} does not answer ({{ $labels.to }})",
      description:
        "Asked as a {{ $labels.as }} once a minute: no answer, none that was expected, or a certificate that is not to be trusted.",
    },
    {
      name: "NameOpen",
      severity: "critical",
      expression: open,
      for: "2m",
      summary: "{{ $labels.host }} is open to the internet, without Access",
      description:
        "A request without a login was answered with {{ $value }}, and not sent to Access' login.",
    },
    {
      name: "NameCertificateEndsSoon",
      severity: "warning",
      expression: `min by (host, to) (probe_ssl_earliest_cert_expiry{job="${namesJob}"}) - time() < ${expiryDays.critical * 86_400}`,
      for: "1h",
      summary: "{{ $labels.host }} shows a certificate that ends within a week ({{ $labels.to }})",
      description:
        "It ends in {{ $value | humanizeDuration }}: it was not renewed, or whoever shows it has not read the new one.",
    },
  ],
};
