/** Which rules a new camera is offered first, by where it hangs. Only types that this gateway can recognise count. */

import type { EventType } from "@/api/types";

// Anywhere in the picture these are ordinary: a car on a road, people in a yard. They wait for their zone.
const NEEDS_ZONE: readonly string[] = [
  "zone_intrusion",
  "water_intrusion",
  "fire_lane_blocked",
  "illegal_parking",
  "nonmotor_parking",
  "piled_goods",
  "shop_overflow",
  "street_vending",
];

const BY_PLACE: Record<string, readonly string[]> = {
  public_road: ["road_obstacle", "waterlogging", "fire_lane_blocked"],
  public_square: ["crowding", "abandoned_object", "smoke_fire"],
  park_green: ["smoke_fire", "open_burning"],
  waterside: ["water_intrusion", "floating_debris"],
  forest: ["smoke_fire", "open_burning"],
  community_outdoor: ["fire_lane_blocked", "bin_overflow", "smoke_fire"],
  site_perimeter: ["zone_intrusion", "smoke_fire"],
  facility: ["zone_intrusion", "smoke_fire"],
};

export function startingTypes(placement: string, taxonomy: readonly EventType[]): string[] {
  const available = new Set(taxonomy.filter((type) => type.available).map((type) => type.id));
  return (BY_PLACE[placement] ?? []).filter((type) => available.has(type));
}

export const needsZone = (type: string): boolean => NEEDS_ZONE.includes(type);

/** The types to choose from; faults of cameras are told without a rule. */
export function choosableTypes(taxonomy: readonly EventType[]): EventType[] {
  return taxonomy.filter((type) => !type.id.startsWith("camera_fault"));
}
