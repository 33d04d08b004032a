import * as host from "tidegate:plugin/info@0.1.0";
import { option } from "../engine.js";

export const attribute = (name) => option(host.attribute(name));
