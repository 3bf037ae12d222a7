/** What is watched of certificates: the numbers that doctor and alert rules share. */

/**
 * cert-manager renews after two thirds: with Let's Encrypt's 90 days, 30 before the end. What is left below these days was
 * not renewed, and somebody has to look.
 */
export const expiryDays = { warning: 21, critical: 7 } as const;

/** One alert on cert-manager's metrics. */
export interface ExpiryAlert {
  readonly name: string;
  readonly severity: "warning" | "critical";
  /** PromQL (https://cert-manager.io/docs/devops-tips/prometheus-metrics/). */
  readonly expression: string;
  /** How long it holds before anybody is told, as Prometheus writes it. */
  readonly for: string;
  readonly summary: string;
}

const seconds = (days: number): number => days * 86_400;

/** Short-lived ones are left out of the days: theirs are never that many. */
const endsWithin = (days: number): string =>
  "(certmanager_certificate_expiration_timestamp_seconds - time()) < " +
  `${seconds(days)} and (certmanager_certificate_renewal_timestamp_seconds < time())`;

/** What a monitoring stack is told to watch. */
export const expiryAlerts: readonly ExpiryAlert[] = [
  {
    name: "CertificateNotRenewed",
    severity: "warning",
    expression: endsWithin(expiryDays.warning),
    for: "1h",
    summary: "{{ $labels.exported_namespace }}/{{ $labels.name }} should have been renewed",
  },
  {
    name: "CertificateEndsSoon",
    severity: "critical",
    expression: endsWithin(expiryDays.critical),
    for: "15m",
    summary: "{{ $labels.exported_namespace }}/{{ $labels.name }} ends within a week",
  },
  {
    name: "CertificateNotReady",
    severity: "critical",
    expression: 'certmanager_certificate_ready_status{condition!="True"} == 1',
    for: "15m",
    summary: "{{ $labels.exported_namespace }}/{{ $labels.name }} cannot be used",
  },
  {
    name: "LetsEncryptLimitMet",
    severity: "critical",
    expression:
      'sum by (host) (rate(certmanager_http_acme_client_request_count{status="429"}[5m])) > 0',
    for: "5m",
    summary: "{{ $labels.host }} refuses orders for their number",
  },
];
