/** Most values of one filter, by who searches (service owner API, sections 17.3 and 33). */
export const searchLimits = {
  endUserSearch: {
    maxPartyFilterValues: 100,
    maxServiceResourceFilterValues: 20,
    maxOrgFilterValues: 20,
    maxExtendedStatusFilterValues: 20,
  },
  serviceOwnerSearch: {
    maxPartyFilterValues: 20,
    maxServiceResourceFilterValues: 20,
    maxExtendedStatusFilterValues: 20,
  },
} as const;
