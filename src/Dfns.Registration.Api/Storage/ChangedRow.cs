using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;

namespace Dfns.Registration.Api.Storage;

/// <summary>A row as it is to be stored, and as it was.</summary>
internal sealed class ChangedRow
{
    // Its columns as they were; nothing of a row that is new.
    private readonly object?[]? before;

    private ChangedRow(RowType type, object row, EntityState state, object?[]? before, UInt128 changed)
    {
        (Type, Row, State, this.before, Changed) = (type, row, state, before, changed);
        Key = type.KeyOf(row);
    }

    public RowType Type { get; }

    public object Row { get; }

    /// <summary>Added, modified or deleted; or unchanged.</summary>
    public EntityState State { get; private set; }

    /// <summary>The columns that have changed, a bit for each of <see cref="RowType.Columns"/>.</summary>
    public UInt128 Changed { get; private set; }

    /// <summary>Table and primary key as text: of no other row.</summary>
    public string Key { get; }

    /// <summary>A row that is new.</summary>
    public static ChangedRow Added(RowType type, object row) => new(type, row, EntityState.Added, before: null, changed: 0);

    /// <summary>A row that is stored as it is, and may be changed from here on. A list or an array is not to be altered, but replaced.</summary>
    /// <param name="type">Its table.</param>
    /// <param name="row">As it was read, not tracked.</param>
    /// <param name="written">A property that is written even if it stays the same; null for none.</param>
    public static ChangedRow Watched(RowType type, object row, string? written = null) =>
        new(type, row, EntityState.Unchanged, type.Read(row), written is null ? 0 : type.BitOf(written));

    /// <summary>A row that some context tracks as added, changed or removed.</summary>
    public static ChangedRow Of(EntityEntry entry)
    {
        var type = RowType.Of(entry.Metadata);
        if (entry.State != EntityState.Modified) return new(type, entry.Entity, entry.State, before: null, changed: 0);

        var (before, changed, bit) = (new object?[type.Columns.Count], (UInt128)0, UInt128.One);
        for (var n = 0; n < before.Length; n++, bit <<= 1)
        {
            var property = entry.Property(type.Columns[n].Property);
            before[n] = property.OriginalValue;
            if (property.IsModified) changed |= bit;
        }

        return new(type, entry.Entity, entry.State, before, changed);
    }

    /// <summary>Compares a watched row with what it was.</summary>
    public ChangedRow Compared()
    {
        if (State != EntityState.Unchanged) return this;
        var bit = UInt128.One;
        for (var n = 0; n < Type.Columns.Count; n++, bit <<= 1)
            if (!Equals(before![n], Type.Columns[n].Read(Row))) Changed |= bit;
        if (Changed != 0) State = EntityState.Modified;
        return this;
    }

    /// <summary>The value of a column as it was before.</summary>
    public object? Before(int column) => before![column];

    /// <summary>Has another context track the one row, whatever it refers to.</summary>
    public void TrackIn(RegistrationDbContext db)
    {
        var copy = db.Entry(Row);
        copy.State = State == EntityState.Modified ? EntityState.Unchanged : State;
        if (State != EntityState.Modified) return;
        foreach (var column in Type.Of(Changed))
        {
            var property = copy.Property(Type.Columns[column].Property);
            // The value that a concurrency token is compared with.
            property.OriginalValue = before![column];
            property.IsModified = true;
        }
    }
}
