/** What to type on a host to reach a target. Pure. */

/** Kinds of hosts: value, title, remark. */
export const HOST_KINDS = [
  ["linux", "Linux", "open-iscsi"],
  ["windows", "Windows", "the iSCSI initiator of Windows"],
  ["esxi", "VMware ESXi", "the software iSCSI adapter"],
  ["qemu", "QEMU", "without a kernel's initiator"],
];

/** [where, commands] in the order in which they are typed. portals: ADDRESS:PORT; SECRET stands where the CHAP secret goes. */
export function steps(kind, { iqn, portals, chapUser, lun = 0 }) {
  const split = portals.map((portal) => ({ portal, address: portal.slice(0, portal.lastIndexOf(":")).replace(/^\[|\]$/g, ""), port: portal.slice(portal.lastIndexOf(":") + 1) }));
  const first = split[0] ?? { portal: "ADDRESS:3260", address: "ADDRESS", port: "3260" };
  return { linux, windows, esxi, qemu }[kind]({ iqn, chapUser, split, first, lun });
}

function linux({ iqn, chapUser, first }) {
  const node = `iscsiadm -m node -T ${iqn} -p ${first.portal}`;
  return [
    ["Discover, as root", [`iscsiadm -m discovery -t sendtargets -p ${first.portal}`]],
    chapUser && ["Say the CHAP secret", [`${node} -o update -n node.session.auth.authmethod -v CHAP`, `${node} -o update -n node.session.auth.username -v ${chapUser}`, `${node} -o update -n node.session.auth.password -v SECRET`]],
    ["Log in, now and at each start", [`${node} -o update -n node.startup -v automatic`, `${node} --login`, "lsblk --scsi"]],
  ].filter(Boolean);
}

function windows({ iqn, chapUser, split }) {
  return [
    ["Start the initiator (PowerShell as administrator)", ["Set-Service MSiSCSI -StartupType Automatic; Start-Service MSiSCSI"]],
    ["Discover and log in, now and at each start", [
      ...split.slice(0, 4).map(({ address, port }) => `New-IscsiTargetPortal -TargetPortalAddress ${address} -TargetPortalPortNumber ${port}`),
      `Connect-IscsiTarget -NodeAddress ${iqn} -IsPersistent $true${chapUser ? ` -AuthenticationType ONEWAYCHAP -ChapUsername ${chapUser} -ChapSecret SECRET` : ""}`,
    ]],
    ["Use the new disk", ["Get-Disk | Where-Object BusType -eq iSCSI"]],
  ];
}

function esxi({ chapUser, split }) {
  return [
    ["Turn the software adapter on; the second command names it, like vmhba64", ["esxcli iscsi software set --enabled=true", "esxcli iscsi adapter list"]],
    chapUser && ["Say the CHAP secret", [`esxcli iscsi adapter auth chap set --adapter=vmhba64 --direction=uni --level=required --authname=${chapUser} --secret=SECRET`]],
    ["Discover, and look for disks", [...split.slice(0, 4).map(({ portal }) => `esxcli iscsi adapter discovery sendtarget add --adapter=vmhba64 --address=${portal}`), "esxcli storage core adapter rescan --adapter=vmhba64"]],
  ].filter(Boolean);
}

function qemu({ iqn, chapUser, first, lun }) {
  const user = chapUser ? `${chapUser}%SECRET@` : "";
  return [["Look at the disk", [`qemu-img info iscsi://${user}${first.portal}/${iqn}/${lun}`]]];
}
