/** Whom it concerns, where all may concern the same. */
export const taxpayer = 'urn:altinn:organization:identifier-no:991825827';

/**
 * What the bench creates: a dialog as a tax authority sends it by the million, with a transmission and two activities,
 * in two languages. About 2.5 KB of JSON.
 */
export function taxReturn(): Record<string, unknown> {
  return {
    serviceResource: 'urn:altinn:resource:skd-tax-return',
    party: taxpayer,
    externalReference: 'tax-return-2026',
    status: 'RequiresAttention',
    searchTags: [{ value: 'skatt' }, { value: 'skattemelding' }],
    content: {
      title: { value: both('Skattemeldingen for 2026 er klar', 'Your tax return for 2026 is ready') },
      summary: { value: both('Se over og lever innen fristen', 'Look it over and submit it before the deadline') },
      additionalInfo: {
        mediaType: 'text/markdown',
        value: both('Du finner **alle** vedleggene her. '.repeat(4), 'You find **all** attachments here. '.repeat(4)),
      },
    },
    attachments: [
      {
        displayName: both('Skattemelding', 'Tax return'),
        urls: [
          { url: 'https://skd.example/returns/1.pdf', mediaType: 'application/pdf', consumerType: 'Gui' },
          { url: 'https://skd.example/returns/1.xml', mediaType: 'application/xml', consumerType: 'Api' },
        ],
      },
    ],
    guiActions: [
      { action: 'write', url: 'https://skd.example/open/1', priority: 'Primary', title: both('Åpne', 'Open') },
      {
        action: 'delete',
        url: 'https://skd.example/delete/1',
        priority: 'Secondary',
        httpMethod: 'DELETE',
        isDeleteDialogAction: true,
        title: both('Slett', 'Delete'),
        prompt: both('Er du sikker?', 'Are you sure?'),
      },
    ],
    transmissions: [transmission()],
    activities: [
      { type: 'DialogCreated', performedBy: { actorType: 'ServiceOwner' } },
      {
        type: 'Information',
        performedBy: { actorType: 'ServiceOwner' },
        description: both('Sendt til mottakeren', 'Sent to its recipient'),
      },
    ],
  };
}

export function transmission(): Record<string, unknown> {
  return {
    type: 'Information',
    sender: { actorType: 'ServiceOwner' },
    content: {
      title: { value: both('Skattemelding', 'Tax return') },
      summary: { value: both('Forhåndsutfylt', 'Filled in beforehand') },
    },
  };
}

export function activity(): Record<string, unknown> {
  return {
    type: 'Information',
    performedBy: { actorType: 'ServiceOwner' },
    description: both('Lest av saksbehandler', 'Read by the case worker'),
  };
}

function both(nb: string, en: string): { languageCode: string; value: string }[] {
  return [
    { languageCode: 'nb', value: nb },
    { languageCode: 'en', value: en },
  ];
}

/** Events of a dialog like that for each audience: one each of the dialog, its transmission and its activities. */
export const eventsPerDialog = 4;
