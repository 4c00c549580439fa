import { Gauge, type Registry } from 'prom-client';

/** A gauge whose value is read whenever the metrics are asked for. */
export function watchedGauge(name: string, help: string, registers: [Registry], read: () => number): Gauge {
  return new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read());
    },
  });
}
