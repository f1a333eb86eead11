using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Lunaria.Volumes.Map;

/// <summary>
/// Native memory for the leaves and leaf directories of all maps, in pages of 4 KiB, under one budget. When it is used up, pages of clean leaves
/// leave, by CLOCK; changed leaves live in pages of their own, at most three quarters of the budget, until a checkpoint makes them clean. Owned by the map
/// store; thread-safe. What is in a cell belongs to the map that allocated it.
/// </summary>
/// <remarks>
/// Its lock is taken under a mapLock. Evicting another map's leaves goes the other way round, so it only tries for that map's lock and passes by
/// where it does not get it.
/// </remarks>
internal sealed unsafe class MapMemory : IDisposable
{
    /// <summary>Bytes of a page, of a flat leaf and of a directory of 512 entries.</summary>
    public const int PageBytes = 4096;

    /// <summary>The least budget: room for a change, a load and what they need beside them, many times over.</summary>
    public const long MinBudgetBytes = 64 * PageBytes;

    private const int ArenaPages = 64;

    private readonly Lock sync = new();
    private readonly int pageLimit, dirtyLimit;
    private readonly MapPage* pages;
    private readonly byte** arenas;
    private readonly List<BlockMap?> maps = [null];
    private readonly int[] partialClean = new int[LeafClasses.Count], partialDirty = new int[LeafClasses.Count];
    private int pageCount, usedPages, dirtyPages, freePages, hand;
    private bool disposed;

    /// <summary>Memory of at most <paramref name="budgetBytes"/> (at least <see cref="MinBudgetBytes"/>); taken from the system as it is needed.</summary>
    public MapMemory(long budgetBytes)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(budgetBytes, MinBudgetBytes);
        pageLimit = (int)Math.Min(budgetBytes / PageBytes, int.MaxValue / 2);
        dirtyLimit = pageLimit / 4 * 3;
        pages = (MapPage*)NativeMemory.AllocZeroed((nuint)pageLimit + 1, (nuint)sizeof(MapPage));
        arenas = (byte**)NativeMemory.AllocZeroed((nuint)(pageLimit / ArenaPages + 1), (nuint)sizeof(byte*));
    }

    /// <summary>The most that is ever used.</summary>
    public long BudgetBytes => (long)pageLimit * PageBytes;

    /// <summary>Pages that hold something, in bytes.</summary>
    public long UsedBytes => (long)Volatile.Read(ref usedPages) * PageBytes;

    /// <summary>Pages that wait for a checkpoint, in bytes.</summary>
    public long DirtyBytes => (long)Volatile.Read(ref dirtyPages) * PageBytes;

    /// <summary>The most that may wait for a checkpoint.</summary>
    public long DirtyLimitBytes => (long)dirtyLimit * PageBytes;

    /// <summary>True where one more leaf can be changed: it needs at most a page of its own and a directory.</summary>
    public bool HasRoomForChange => Volatile.Read(ref dirtyPages) + 2 <= dirtyLimit;

    /// <summary>Gives a map its slot, the name by which its leaves are found.</summary>
    public ushort Register(BlockMap map)
    {
        lock (sync)
        {
            int free = maps.IndexOf(null, 1);
            if (free < 0)
            {
                free = maps.Count;
                maps.Add(map);
            }
            maps[free] = map;
            return checked((ushort)free);
        }
    }

    /// <summary>Takes a map's slot back; it has no leaf in memory.</summary>
    public void Unregister(ushort slot)
    {
        lock (sync)
            maps[slot] = null;
    }

    /// <summary>Takes a cell for a leaf of so many runs (1..511; a flat one from <see cref="LeafClasses.FlatFromRuns"/> on). False = no room now.</summary>
    public bool TryAllocateLeaf(ushort slot, uint leaf, int runCount, bool dirty, out LeafEntry entry)
    {
        entry = default;
        lock (sync)
        {
            bool flat = runCount >= LeafClasses.FlatFromRuns;
            int sizeClass = flat ? 0 : LeafClasses.OfRuns(runCount);
            int[] partial = dirty ? partialDirty : partialClean;
            int page = partial[sizeClass];
            if (page == 0)
            {
                if (!TryTakePage(out page))
                    return false;
                Cut(page, sizeClass, dirty);
            }
            ref MapPage info = ref pages[page];
            info.Referenced = true;
            info.Used++;
            if (flat)
            {
                (info.Leaf, info.Slot) = (leaf, slot);
                entry = new((uint)page, 0, 0, 0);
                return true;
            }
            int cell = info.FreeCell - 1;
            CellHeader* header = Cell(page, sizeClass, cell);
            info.FreeCell = header->NextFree;
            *header = new() { Leaf = leaf, Slot = slot };
            if (info.FreeCell == 0)
                Unlink(page, ref partial[sizeClass]);
            entry = new((uint)page, (byte)cell, (byte)runCount, (byte)sizeClass);
            return true;
        }
    }

    /// <summary>Gives a leaf's cell back.</summary>
    public void FreeLeaf(LeafEntry entry)
    {
        lock (sync)
        {
            int page = (int)entry.Page;
            ref MapPage info = ref pages[page];
            info.Used--;
            if (info.SizeClass == 0)
            {
                FreePage(page);
                return;
            }
            int[] partial = info.Dirty ? partialDirty : partialClean;
            if (info.FreeCell == 0)
                Link(page, ref partial[info.SizeClass]);
            if (info.Used == 0)
            {
                Unlink(page, ref partial[info.SizeClass]);
                FreePage(page);
                return;
            }
            *Cell(page, info.SizeClass, entry.Cell) = new() { NextFree = info.FreeCell };
            info.FreeCell = (ushort)(entry.Cell + 1);
        }
    }

    /// <summary>Takes a page for a directory, empty. False = no room now.</summary>
    public bool TryAllocateDirectory(out uint page)
    {
        lock (sync)
        {
            bool taken = TryTakePage(out int number);
            page = (uint)number;
            if (taken)
            {
                pages[number].Kind = MapPageKind.Directory;
                Directory(page).Clear();
            }
            return taken;
        }
    }

    /// <summary>Gives a directory's page back; it names no leaf any more.</summary>
    public void FreeDirectory(uint page)
    {
        lock (sync)
            FreePage((int)page);
    }

    /// <summary>Keeps a directory that names a changed leaf.</summary>
    public void MarkDirectoryDirty(uint page)
    {
        if (pages[page].Dirty)
            return;
        lock (sync)
        {
            pages[page].Dirty = true;
            dirtyPages++;
        }
    }

    /// <summary>Makes every leaf clean: a checkpoint has them all.</summary>
    public void MarkClean()
    {
        lock (sync)
        {
            for (int page = 1; page <= pageCount; page++)
                pages[page].Dirty = false;
            dirtyPages = 0;
            for (int sizeClass = 0; sizeClass < LeafClasses.Count; sizeClass++)
            {
                while (partialDirty[sizeClass] is var page and not 0)
                {
                    Unlink(page, ref partialDirty[sizeClass]);
                    Link(page, ref partialClean[sizeClass]);
                }
            }
        }
    }

    /// <summary>The entries of a directory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<LeafEntry> Directory(uint page) => new(PageAddress((int)page), LeafGroup.Leaves);

    /// <summary>The runs of a leaf; 512 entries of one block each where it is flat.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public Span<LeafRun> Runs(LeafEntry entry)
    {
        byte* start = PageAddress((int)entry.Page);
        return entry.IsFlat
            ? new(start, BlockMap.LeafBlocks)
            : new(start + entry.Cell * LeafClasses.CellBytes(entry.SizeClass) + LeafClasses.CellHeaderBytes, entry.RunCount);
    }

    /// <summary>True where the leaf waits for a checkpoint.</summary>
    public bool IsDirty(LeafEntry entry) => pages[entry.Page].Dirty;

    /// <summary>Keeps a leaf that is in use from leaving soon.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Touch(LeafEntry entry)
    {
        if (!pages[entry.Page].Referenced)
            pages[entry.Page].Referenced = true;
    }

    /// <summary>Gives all memory back. No map is used any more.</summary>
    public void Dispose()
    {
        lock (sync)
        {
            if (disposed)
                return;
            disposed = true;
            for (int arena = 0; arena <= pageLimit / ArenaPages; arena++)
                NativeMemory.AlignedFree(arenas[arena]);
            NativeMemory.Free(arenas);
            NativeMemory.Free(pages);
        }
    }

    private bool TryTakePage(out int page)
    {
        if (freePages == 0 && pageCount == pageLimit)
            Evict();
        page = freePages;
        if (page != 0)
        {
            Unlink(page, ref freePages);
        }
        else if (pageCount < pageLimit)
        {
            page = ++pageCount;
            ref byte* arena = ref arenas[(page - 1) / ArenaPages];
            if (arena == null)
                arena = (byte*)NativeMemory.AlignedAlloc((nuint)Math.Min(ArenaPages, pageLimit - page + 1) * PageBytes, PageBytes);
        }
        else
        {
            return false;
        }
        pages[page] = default;
        usedPages++;
        return true;
    }

    private void FreePage(int page)
    {
        if (pages[page].Dirty)
            dirtyPages--;
        pages[page] = default;
        usedPages--;
        Link(page, ref freePages);
    }

    private void Cut(int page, int sizeClass, bool dirty)
    {
        ref MapPage info = ref pages[page];
        (info.Kind, info.SizeClass, info.Dirty) = (MapPageKind.Leaves, (byte)sizeClass, dirty);
        if (dirty)
            dirtyPages++;
        if (sizeClass == 0)
            return;
        int cells = LeafClasses.Cells(sizeClass);
        for (int cell = 0; cell < cells; cell++)
            *Cell(page, sizeClass, cell) = new() { NextFree = (ushort)(cell + 1 < cells ? cell + 2 : 0) };
        info.FreeCell = 1;
        Link(page, ref (dirty ? partialDirty : partialClean)[sizeClass]);
    }

    // Two rounds of the hand: the first may do no more than take the marks of use away.
    private void Evict()
    {
        for (int steps = 2 * pageCount; steps > 0 && freePages == 0; steps--)
        {
            hand = hand % pageCount + 1;
            ref MapPage info = ref pages[hand];
            if (info.Kind != MapPageKind.Leaves || info.Dirty)
                continue;
            if (info.Referenced)
                info.Referenced = false;
            else
                EvictPage(hand, ref info);
        }
    }

    private void EvictPage(int page, ref MapPage info)
    {
        if (info.SizeClass == 0)
        {
            EvictLeaf(info.Slot, info.Leaf, page, 0);
            return;
        }
        int cells = LeafClasses.Cells(info.SizeClass), sizeClass = info.SizeClass;
        for (int cell = 0; cell < cells && info.Kind == MapPageKind.Leaves; cell++)
        {
            CellHeader* header = Cell(page, sizeClass, cell);
            if (header->Slot != 0)
                EvictLeaf(header->Slot, header->Leaf, page, cell);
        }
    }

    private void EvictLeaf(ushort slot, uint leaf, int page, int cell)
    {
        if (maps[slot] is { } map && map.TryEvict(leaf, (uint)page, cell, out LeafEntry entry))
            FreeLeaf(entry);
    }

    private void Link(int page, ref int head)
    {
        (pages[page].Next, pages[page].Previous) = (head, 0);
        if (head != 0)
            pages[head].Previous = page;
        head = page;
    }

    private void Unlink(int page, ref int head)
    {
        ref MapPage info = ref pages[page];
        if (info.Previous != 0)
            pages[info.Previous].Next = info.Next;
        else
            head = info.Next;
        if (info.Next != 0)
            pages[info.Next].Previous = info.Previous;
        (info.Next, info.Previous) = (0, 0);
    }

    private CellHeader* Cell(int page, int sizeClass, int cell) => (CellHeader*)(PageAddress(page) + cell * LeafClasses.CellBytes(sizeClass));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* PageAddress(int page) => arenas[(page - 1) / ArenaPages] + (page - 1) % ArenaPages * PageBytes;

    // In front of a cell's runs; Slot 0 = the cell is free.
    private struct CellHeader
    {
        public uint Leaf;
        public ushort Slot;
        public ushort NextFree;
    }
}
