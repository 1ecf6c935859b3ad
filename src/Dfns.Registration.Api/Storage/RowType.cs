using System.Data.Common;
using System.Globalization;
using System.Linq.Expressions;
using System.Runtime.CompilerServices;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata;
using Microsoft.EntityFrameworkCore.Storage;

namespace Dfns.Registration.Api.Storage;

/// <summary>A table as EF Core's model has it, to read rows by.</summary>
internal sealed class RowType
{
    private static readonly ConditionalWeakTable<IEntityType, RowType> Known = [];

    private readonly int[] key;
    private readonly Lazy<Func<DbDataReader, int, object>> reader;

    private RowType(IEntityType type)
    {
        Name = type.GetTableName()!;
        Columns = [.. type.GetProperties().Select(p => new RowColumn(p))];
        key = [.. type.FindPrimaryKey()!.Properties.Select(p => Columns.FindIndex(c => c.Property == p))];
        Tokens = [.. Enumerable.Range(0, Columns.Count).Where(n => Columns[n].Property.IsConcurrencyToken)];
        Depth = DepthOf(type);
        reader = new(() => Reader(type.ClrType));
    }

    /// <summary>Of the table.</summary>
    public string Name { get; }

    public List<RowColumn> Columns { get; }

    /// <summary>The columns of the primary key.</summary>
    public IReadOnlyList<int> Key => key;

    /// <summary>The columns that are concurrency tokens.</summary>
    public IReadOnlyList<int> Tokens { get; }

    /// <summary>A table is deeper than those it refers to.</summary>
    public int Depth { get; }

    public static RowType Of(IEntityType type) => Known.GetValue(type, static t => new RowType(t));

    /// <summary>Table and primary key as text.</summary>
    public string KeyOf(object row) => string.Join('\0', key.Select(n => Columns[n].Read(row)).Prepend(Name));

    /// <summary>The first column of the primary key as text.</summary>
    public string LeadOf(object row) => Convert.ToString(Columns[key[0]].Read(row), CultureInfo.InvariantCulture)!;

    /// <summary>The value of each column.</summary>
    public object?[] Read(object row)
    {
        var values = new object?[Columns.Count];
        for (var n = 0; n < values.Length; n++) values[n] = Columns[n].Read(row);
        return values;
    }

    /// <summary>Reads a row whose columns stand beside each other.</summary>
    /// <param name="answer">The row that holds them.</param>
    /// <param name="from">Where the first of them stands.</param>
    /// <returns>The row; null where an outer join found none.</returns>
    public object? Read(DbDataReader answer, int from) => answer.IsDBNull(from + key[0]) ? null : reader.Value(answer, from);

    /// <summary>The bit of a property among its columns.</summary>
    public UInt128 BitOf(string property) => UInt128.One << Columns.FindIndex(c => string.Equals(c.Property.Name, property, StringComparison.Ordinal));

    /// <summary>The columns that bits stand for.</summary>
    public IEnumerable<int> Of(UInt128 bits) => Enumerable.Range(0, Columns.Count).Where(n => (bits & (UInt128.One << n)) != 0);

    // As EF Core reads them; compiled once.
    private Func<DbDataReader, int, object> Reader(Type type)
    {
        var (answer, from, row) = (Expression.Parameter(typeof(DbDataReader)), Expression.Parameter(typeof(int)), Expression.Variable(type));
        List<Expression> steps = [Expression.Assign(row, Expression.New(type))];
        for (var n = 0; n < Columns.Count; n++)
        {
            var place = Expression.Add(from, Expression.Constant(n));
            steps.Add(Expression.Assign(Expression.Property(row, Columns[n].Property.PropertyInfo!), Columns[n].Value(answer, place)));
        }

        steps.Add(Expression.Convert(row, typeof(object)));
        return Expression.Lambda<Func<DbDataReader, int, object>>(Expression.Block([row], steps), answer, from).Compile();
    }

    private static int DepthOf(IEntityType type) =>
        type.GetForeignKeys().Select(f => f.PrincipalEntityType).Where(principal => principal != type).Select(principal => 1 + DepthOf(principal)).DefaultIfEmpty(0).Max();
}

/// <summary>A column of a table.</summary>
internal sealed class RowColumn
{
    private readonly IClrPropertyGetter getter;
    private readonly Func<object?, object?>? toStored;
    private readonly Type stored;

    public RowColumn(IProperty property)
    {
        var converter = property.GetTypeMapping().Converter;
        var type = converter?.ProviderClrType ?? property.ClrType;
        (Property, Name, getter, toStored) = (property, property.GetColumnName(), property.GetGetter(), converter?.ConvertToProvider);
        stored = type.IsValueType && property.IsNullable && Nullable.GetUnderlyingType(type) is null ? typeof(Nullable<>).MakeGenericType(type) : type;
        // Lists have no arrays, and what the database computes is not ours to send.
        IsScalar = property.GetElementType() is null && property.ValueGenerated == ValueGenerated.Never && property.GetColumnType() is not ("json" or "jsonb");
    }

    public IProperty Property { get; }

    public string Name { get; }

    /// <summary>Whether the values of many rows can be sent to PostgreSQL as one array.</summary>
    public bool IsScalar { get; }

    /// <summary>The value of the column at a place of an answer.</summary>
    public Expression Value(Expression answer, Expression place)
    {
        var mapping = (RelationalTypeMapping)Property.GetTypeMapping();
        var value = mapping.CustomizeDataReaderExpression(Expression.Call(answer, mapping.GetDataReaderMethod(), place));
        if (mapping.Converter is { } converter) value = Expression.Invoke(converter.ConvertFromProviderExpression, Expression.Convert(value, converter.ProviderClrType));
        value = Expression.Convert(value, Property.ClrType);
        return Property.IsNullable
            ? Expression.Condition(Expression.Call(answer, nameof(DbDataReader.IsDBNull), typeArguments: null, place), Expression.Default(Property.ClrType), value)
            : value;
    }

    public object? Read(object row) => getter.GetClrValue(row);

    /// <summary>A value as the database keeps it.</summary>
    public object? Stored(object? value) => toStored is null ? value : toStored(value);

    /// <summary>The values of many rows as the database keeps them, an array of their type.</summary>
    public Array Stored(int count, Func<int, object?> value)
    {
        var values = Array.CreateInstance(stored, count);
        for (var n = 0; n < count; n++) values.SetValue(Stored(value(n)), n);
        return values;
    }
}
