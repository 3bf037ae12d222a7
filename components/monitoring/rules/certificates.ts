import { expiryDays } from "../../certificates/expiry.ts";
import { grown, type AlertGroup } from "./alert.ts";

const certificate = "{{ $labels.exported_namespace }}/{{ $labels.name }}";

/** One series a certificate, however many pods of cert-manager tell of it. Zero stands for "never issued". */
const latest = (metric: string): string =>
  `max by (exported_namespace, name) (certmanager_certificate_${metric}_timestamp_seconds > 0)`;

/** Short-lived ones are left out of the days until they should have been renewed: theirs are never that many. */
const endsWithin = (days: number): string =>
  `${latest("expiration")} - time() < ${days * 86_400} and ${latest("renewal")} < time()`;

/**
 * Alerts on cert-manager's metrics. Prometheus calls the label `namespace` of a certificate `exported_namespace`, because
 * the pod that tells of it has one too.
 * @see https://cert-manager.io/docs/devops-tips/prometheus-metrics/
 */
export const certificateAlerts: AlertGroup = {
  name: "certificates",
  alerts: [
    {
      name: "CertificateNotRenewed",
      severity: "warning",
      expression: endsWithin(expiryDays.warning),
      for: "1h",
      summary: `${certificate} should have been renewed`,
      description: "It ends in {{ $value | humanizeDuration }}, and its time of renewal is over.",
    },
    {
      name: "CertificateEndsSoon",
      severity: "critical",
      expression: endsWithin(expiryDays.critical),
      for: "15m",
      summary: `${certificate} ends within a week, and is not renewed`,
      description: "It ends in {{ $value | humanizeDuration }}. Whoever shows it is refused then.",
    },
    {
      name: "CertificateNotReady",
      severity: "critical",
      expression:
        'max by (exported_namespace, name) (certmanager_certificate_ready_status{condition!="True"}) == 1',
      for: "15m",
      summary: `${certificate} cannot be used`,
      description: "It was never issued, has ended, or does not fit what it is asked to be.",
    },
    {
      name: "IssuerNotReady",
      severity: "warning",
      expression: 'max by (name) (certmanager_clusterissuer_ready_status{condition!="True"}) == 1',
      for: "15m",
      summary: "the issuer {{ $labels.name }} issues nothing",
      description: "Certificates that it issued stay good until they have to be renewed.",
    },
    {
      name: "LetsEncryptLimitMet",
      severity: "critical",
      expression: `sum by (host) (${grown('certmanager_http_acme_client_request_count{status="429"}', "1h")}) > 0`,
      for: "5m",
      summary: "{{ $labels.host }} refuses orders for their number",
      description:
        'It answered 429 {{ $value | printf "%.0f" }} times within the last hour. Nothing that it issues is renewed meanwhile.',
    },
  ],
};
