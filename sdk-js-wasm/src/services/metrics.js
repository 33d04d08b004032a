import * as host from "tidegate:plugin/metrics@0.1.0";

const toLabels = (labels) => Object.entries(labels).map(([name, value]) => [name, String(value)]);

export const count = (name, by = 1, labels = {}) => host.count(name, by, toLabels(labels));
export const observe = (name, value, labels = {}) => host.observe(name, value, toLabels(labels));
