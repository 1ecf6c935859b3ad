using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Dfns.Registration.Api.Storage.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class EarlierCodes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<byte[]>(
                name: "earlier_code_hash",
                table: "codes",
                type: "BLOB",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "earlier_expires_at",
                table: "codes",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "earlier_failed_attempts",
                table: "codes",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0L);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "earlier_code_hash",
                table: "codes");

            migrationBuilder.DropColumn(
                name: "earlier_expires_at",
                table: "codes");

            migrationBuilder.DropColumn(
                name: "earlier_failed_attempts",
                table: "codes");
        }
    }
}
